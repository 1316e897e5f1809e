import { must } from '../base/assert.ts'
import type { Draft, TrainVariable } from './draft.ts'
import { type Grid, type GridTenant, stepFrom, stepUntil } from './grid.ts'
import type { Term } from './model.ts'
import type { Place } from './places.ts'

/**
 * The step from which a block must be held on that place so that it begins to serve in `step`; null
 * where it cannot. `place` null: a place where nothing of the tenant runs.
 */
export function latestStart(
  grid: Grid,
  tenant: GridTenant,
  place: Place | null,
  step: number,
): number | null {
  const slot = must(grid.edges[step]) - tenant.warmUpSlots
  const from = slot < 0 ? 0 : stepUntil(grid, slot)
  if (from > 0) return from
  const isFree = grid.problem.isFirstLayoutFree
  const first =
    place === null ? (isFree ? 0 : tenant.warmUpSlots) : must(tenant.servesFromStart[place.index])
  return step === stepFrom(grid, first) ? 0 : null
}

export function trainingHolds(grid: Grid, train: TrainVariable, step: number): boolean {
  return train.step <= step && step < Math.min(train.endStep, grid.stepCount)
}

/** The first step after the minimum residence of a block that begins to serve in `step`. */
export function residenceEnd(grid: Grid, step: number): number {
  return Math.min(stepFrom(grid, must(grid.edges[step]) + grid.residenceSlots), grid.stepCount)
}

/** Terms of (6) and (11): instances of a class in the set that a tenant serves with. */
export function chosenCounts(
  { serve }: Draft,
  at: { readonly tenant: number; readonly step: number; readonly classIndex: number },
): readonly Term[] {
  const terms: Term[] = []
  for (const { variable, set } of must(serve[at.tenant]?.[at.step])) {
    const count = must(set.counts[at.classIndex])
    if (count > 0) terms.push([variable, count])
  }
  return terms
}
