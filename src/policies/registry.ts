import { createAstraea, createAstraeaMig } from './astraea/astraea.ts'
import type { PolicyFactory } from './context.ts'
import { createEkya, createEkyaForecast, createEkyaMig } from './ekya/ekya.ts'
import { createEqual } from './equal.ts'
import { createMigrator, createMigratorBlindCold, createMigratorBlindPreinit } from './migrator.ts'
import { createParis, createParisWindow } from './paris/paris.ts'
import { createStatic } from './static.ts'
import { createStaticBest } from './static-best.ts'

/** Every policy by the name that site files and the command line use. */
export const policies = {
  migrator: createMigrator,
  'migrator-blind-cold': createMigratorBlindCold,
  'migrator-blind-preinit': createMigratorBlindPreinit,
  static: createStatic,
  'static-best': createStaticBest,
  equal: createEqual,
  ekya: createEkya,
  'ekya-forecast': createEkyaForecast,
  'ekya-mig': createEkyaMig,
  astraea: createAstraea,
  'astraea-mig': createAstraeaMig,
  paris: createParis,
  'paris-window': createParisWindow,
} as const satisfies Record<string, PolicyFactory>

export type PolicyName = keyof typeof policies

export const policyNames = Object.keys(policies) as readonly PolicyName[]
