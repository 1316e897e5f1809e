import type { PlanOutcome } from '../../core/plan/outcome.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { type PlanValue, valueOf } from '../../core/plan/value.ts'
import { missedFloors } from '../floors.ts'
import { planOfSolution } from './plan-of-solution.ts'
import type { Solution } from './solution.ts'
import type { WindowModel } from './window-model.ts'

/** The best plan so far and what it is worth; `steps` is the work done until it was found. */
export type Incumbent = {
  readonly plan: Plan
  readonly value: PlanValue
  readonly solution: Solution
  readonly steps: number
}

export type PathSettings = {
  /** Counted work; one step is the relaxation of one state or edge, about ten nanoseconds. */
  readonly stepsMax: number
  /** Stop when the certified relative gap is at most this; 0.0001 if left out. */
  readonly gapTarget?: number
  /** A plan for this problem or an earlier one; as much of it as still fits is a first plan. */
  readonly incumbent?: Plan
  /** For a deadline by the clock: asked between pieces of work of some milliseconds. */
  readonly shouldStop?: () => boolean
  /** Called with every plan that is better than all before. */
  readonly onIncumbent?: (incumbent: Incumbent) => void
  /** Called with every plan that comes nearer to the floors, while none keeps them. */
  readonly onNearest?: (incumbent: Incumbent) => void
  /** Called with every better bound on the objective (J) of plans that end like the best one. */
  readonly onBound?: (bound: number, steps: number) => void
}

/** Steps that count as one second of planning in the lab: measured on one core, rounded down. */
export const stepsPerSecond = 1e8

/** Relative gap below which a plan is called optimal. */
const optimalGap = 1e-4

/** What a run of the planner has come to. */
export type Progress = {
  readonly model: WindowModel
  readonly settings: PathSettings
  /** The best plan that keeps every floor, found by the search or brought along. */
  best: Incumbent | null
  /** The best one that the search found: all that it goes by, so that no warm start misleads it. */
  found: Incumbent | null
  /** The plan that came nearest to the floors while none kept them. */
  nearest: Incumbent | null
  /** Bound on J + T of every plan. */
  bound: number
  /** Why no plan can keep the floors, once that is proven. */
  proof: string | null
  steps: number
}

export function progressOf(model: WindowModel, settings: PathSettings): Progress {
  const nothing = { best: null, found: null, nearest: null, proof: null }
  return { model, settings, ...nothing, bound: Number.POSITIVE_INFINITY, steps: 0 }
}

/** J + T. */
export function totalOf({ objective, terminal }: PlanValue): number {
  return objective + terminal
}

/** J + T of the best plan that the search found; 0, which is less than any, before the first. */
export function knownTotal({ found }: Progress): number {
  return found === null ? 0 : totalOf(found.value)
}

/** Takes a solution in if it is a better plan than all that were found before. */
export function offer(progress: Progress, solution: Solution): void {
  const { model, found, nearest } = progress
  const incumbent = incumbentOf(progress, solution)
  const { value } = incumbent
  const shortfall = shortfallOf(model, value)
  if (shortfall > 0) {
    const least = nearest === null ? Number.POSITIVE_INFINITY : shortfallOf(model, nearest.value)
    if (shortfall >= least) return
    progress.nearest = incumbent
    if (progress.best === null) progress.settings.onNearest?.(incumbent)
  } else if (found === null || totalOf(value) > totalOf(found.value)) {
    progress.found = incumbent
    takeBest(progress, incumbent)
  }
}

/** Takes in a plan that was brought along; the search does not see it. */
export function offerWarmStart(progress: Progress, solution: Solution): void {
  const incumbent = incumbentOf(progress, solution)
  if (shortfallOf(progress.model, incumbent.value) === 0) takeBest(progress, incumbent)
}

function takeBest(progress: Progress, incumbent: Incumbent): void {
  const { best, settings } = progress
  if (best !== null && totalOf(incumbent.value) <= totalOf(best.value)) return
  progress.best = incumbent
  settings.onIncumbent?.(incumbent)
}

/** A solution as a plan with its value. */
export function incumbentOf({ model, steps }: Progress, solution: Solution): Incumbent {
  const plan = planOfSolution(model, 'migrator', solution)
  return { plan, value: valueOf(model.problem, plan), solution, steps }
}

/** Sum over the tenants of the share of arrivals by which they miss their floor. */
function shortfallOf({ tenants }: WindowModel, value: PlanValue): number {
  return tenants.reduce((sum, { tenant, index }) => {
    const { sloAttainment } = value.tenants[index] as PlanValue['tenants'][number]
    const missing = (tenant.sloAttainmentMin ?? 0) - 1e-9 - (sloAttainment ?? 1)
    return sum + Math.max(0, missing)
  }, 0)
}

/**
 * Takes in a bound on J + T of every plan that keeps the floors. J + T is never negative: a bound
 * below nothing proves that there is no such plan.
 */
export function offerBound(progress: Progress, bound: number): void {
  if (bound >= progress.bound) return
  progress.bound = bound
  if (progress.best === null) {
    if (bound < 0) progress.proof = 'No plan can keep every floor on SLO attainment'
    return
  }
  progress.settings.onBound?.(bound - progress.best.value.terminal, progress.steps)
}

/** Whether nothing is left to do: the gap is closed, or no plan can keep the floors. */
export function isClosed({ best, bound, settings, proof }: Progress): boolean {
  if (best === null) return proof !== null
  const { objective, terminal } = best.value
  return gapOf(objective, bound - terminal) <= (settings.gapTarget ?? optimalGap)
}

export function outcomeOf(progress: Progress): PlanOutcome {
  const { best, bound, steps } = progress
  const work = { steps, chargedSeconds: steps / stepsPerSecond }
  if (best === null) {
    const { nearest } = progress
    const near = nearest === null ? {} : { nearest: nearest.plan }
    return { status: 'infeasible', reason: reasonOf(progress), work, ...near }
  }
  const { plan, value } = best
  const { objective, terminal } = value
  if (!Number.isFinite(bound)) {
    return { status: 'feasible', plan, objective, bound: null, gap: null, work }
  }
  const own = Math.max(objective, bound - terminal)
  const gap = gapOf(objective, own)
  const status = gap <= optimalGap ? 'optimal' : 'feasible'
  return { status, plan, objective, bound: own, gap, work }
}

/**
 * Relative to the objective, 1 where that is nothing; what is below a trillionth does not count.
 */
function gapOf(objective: number, bound: number): number {
  if (bound - objective <= 1e-12 + 1e-9 * objective) return 0
  return objective > 0 ? (bound - objective) / objective : 1
}

/** Which floors are missed, and what would do. */
function reasonOf({ model, nearest, proof }: Progress): string {
  const missed = nearest === null ? null : missedFloors(model.problem, nearest.value, proof)
  return missed ?? proof ?? 'No plan was found'
}
