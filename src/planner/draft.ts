import type { Grid } from './grid.ts'
import type { ModelBuilder } from './model.ts'
import type { Place } from './places.ts'
import type { ServingSet } from './serving-sets.ts'
import type { TrainingOption } from './training-options.ts'

/** serve[w, t, v, s]: in step t tenant w serves with set s and version v (-1: the deployed one). */
export type ServeVariable = {
  readonly variable: number
  readonly tenant: number
  readonly step: number
  readonly version: number
  readonly set: ServingSet
}

/**
 * train[w, o, p, t]: the retraining of tenant w by option o starts in step t, on p if places count.
 */
export type TrainVariable = {
  readonly variable: number
  readonly tenant: number
  readonly option: TrainingOption
  readonly place: Place | null
  readonly step: number
  /** The first step after it; stepCount + 1 when it crosses the end. */
  readonly endStep: number
}

/** What the parts of a formulation share while it is made. */
export type Draft = {
  readonly grid: Grid
  readonly model: ModelBuilder
  /** By tenant, then step. */
  readonly serve: readonly (readonly ServeVariable[][])[]
  readonly train: TrainVariable[]
}

/** A place in the name of a variable. */
export function placeLabel({ gpu, profile, start }: Place): string {
  return `g${gpu}.${profile.name}@${start}`
}
