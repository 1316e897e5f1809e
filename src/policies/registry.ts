import { createAstraea, createAstraeaMakeFirst, createAstraeaMig } from './astraea/astraea.ts'
import type { PolicyFactory } from './context.ts'
import { createEkya, createEkyaForecast, createEkyaMakeFirst, createEkyaMig } from './ekya/ekya.ts'
import { createEqual } from './equal.ts'
import { createEqualMps } from './equal-mps.ts'
import {
  createMigrator,
  createMigratorBlindCold,
  createMigratorBlindPreinit,
  createMigratorIlp,
} from './migrator.ts'
import { createNoRetraining } from './no-retraining.ts'
import { createParis, createParisForecast, createParisWindow } from './paris/paris.ts'
import { createReactive, createReactiveMakeFirst } from './reactive.ts'
import { createRetrainWhenIdle } from './retrain-when-idle.ts'
import { createStatic } from './static.ts'
import { createStaticBest } from './static-best.ts'
import { createStaticBestWindow } from './static-best-window.ts'
import { createTimeSliced } from './time-sliced.ts'

/** Every policy by the name that site files and the command line use. */
export const policies = {
  migrator: createMigrator,
  'migrator-blind-cold': createMigratorBlindCold,
  'migrator-blind-preinit': createMigratorBlindPreinit,
  'migrator-ilp': createMigratorIlp,
  static: createStatic,
  'static-best': createStaticBest,
  'static-best-window': createStaticBestWindow,
  equal: createEqual,
  'equal-mps': createEqualMps,
  'time-sliced': createTimeSliced,
  'no-retraining': createNoRetraining,
  'retrain-when-idle': createRetrainWhenIdle,
  reactive: createReactive,
  'reactive-make-first': createReactiveMakeFirst,
  ekya: createEkya,
  'ekya-forecast': createEkyaForecast,
  'ekya-make-first': createEkyaMakeFirst,
  'ekya-mig': createEkyaMig,
  astraea: createAstraea,
  'astraea-make-first': createAstraeaMakeFirst,
  'astraea-mig': createAstraeaMig,
  paris: createParis,
  'paris-window': createParisWindow,
  'paris-forecast': createParisForecast,
} as const satisfies Record<string, PolicyFactory>

export type PolicyName = keyof typeof policies

export const policyNames = Object.keys(policies) as readonly PolicyName[]
