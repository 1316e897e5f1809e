import type { PlanningProblem } from '../core/plan/problem.ts'
import { inferenceWarmUpSlots } from '../core/plan/warm-up.ts'
import { type Grid, makeGrid } from './grid.ts'

/** Serve variables that a coarse program may have, all in all. */
const serveVariablesMax = 20_000

/**
 * LP iterations that a root relaxation takes for each of its rows: about the most that was seen.
 */
const iterationsPerRow = { oneGpu: 3.5, severalGpus: 5 }

/** The part of the work that the root relaxation may take; the rest is for the search. */
const rootShare = 0.7

type CoarseSettings = { readonly coarseSlotSeconds: number; readonly workMax: number }

/**
 * The steps that the coarse program decides by: of about the length asked for, longer where the
 * program would be too large for its work; and the sets that its tenants may choose from, fewer
 * where there are many tenants or versions.
 */
export function coarseGrid(
  problem: PlanningProblem,
  { coarseSlotSeconds, workMax }: CoarseSettings,
): Grid {
  const perRow = problem.gpus.length > 1 ? iterationsPerRow.severalGpus : iterationsPerRow.oneGpu
  const stepsMax = Math.floor((rootShare * workMax) / (perRow * rowsPerStep(problem)))
  const shortest = Math.ceil(problem.slotCount / Math.max(4, stepsMax))
  const stepSlots = Math.max(shortest, stepSlotsOf(problem, coarseSlotSeconds))
  const stepCount = Math.max(1, Math.ceil(problem.slotCount / stepSlots))
  const choices = problem.tenants.reduce((sum, tenant) => sum + 1 + versionCount(tenant), 0)
  const setCountMax = Math.floor(serveVariablesMax / Math.max(1, stepCount * choices))
  return makeGrid(problem, stepSlots, { tolerance: 1e-3, setCountMax: Math.max(8, setCountMax) })
}

/** Constraints of the counts formulation in one step. */
function rowsPerStep({ tenants, classes }: PlanningProblem): number {
  const ofTenants = tenants.map((tenant) => {
    const classCount = tenant.serving.filter((way) => way !== null).length
    return 1 + 2 * versionCount(tenant) + 2 * classCount
  })
  return ofTenants.reduce((sum, rows) => sum + rows, 1 + classes.length)
}

function versionCount({ retraining, underWay }: PlanningProblem['tenants'][number]): number {
  return underWay === null ? retraining.length : 1
}

/**
 * Between half of the longest step and all of it, such that warm-ups, which take whole steps in the
 * coarse program, are rounded up by least; the longer of two that are equal in that.
 */
function stepSlotsOf(problem: PlanningProblem, coarseSlotSeconds: number): number {
  const longest = Math.max(1, Math.round(coarseSlotSeconds / problem.slotSeconds))
  const warmUps = problem.tenants.map((tenant) => inferenceWarmUpSlots(problem, tenant))
  const lossOf = (step: number) =>
    warmUps.reduce((sum, slots) => sum + Math.ceil(slots / step) * step - slots, 0)
  let best = longest
  for (let step = longest - 1; step >= longest / 2; step -= 1) {
    if (lossOf(step) < lossOf(best)) best = step
  }
  return best
}
