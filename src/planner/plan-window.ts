import { assert, must } from '../base/assert.ts'
import { checkPlan } from '../core/plan/check.ts'
import type { PlanningWork, PlanOutcome } from '../core/plan/outcome.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { valueOf } from '../core/plan/value.ts'
import { inferenceWarmUpSlots } from '../core/plan/warm-up.ts'
import { type CoarseSearch, searchCoarse } from './coarse-search.ts'
import { missedFloors } from './floors.ts'
import { type Grid, makeGrid } from './grid.ts'
import { keepLayout } from './keep-layout.ts'
import { priceBound } from './price-bound.ts'
import { type Refined, refine } from './refine.ts'
import { type Job, planFromJobs } from './schedule.ts'
import type { Solver } from './solver.ts'

export type PlanWindowSettings = {
  /** The name that the plan bears. */
  readonly policy: string
  /** Longest steps that the integer program decides by; see `stepSlotsOf`. */
  readonly coarseSlotSeconds: number
  /** Relative, of the coarse program. */
  readonly gapTarget: number
  /** LP iterations of the coarse program. */
  readonly workMax: number
  /** Edits that local search may try afterwards. */
  readonly refineStepsMax: number
}

/**
 * What one second of one core does, rounded down from the figures of docs/designs/002-ilp.md: work
 * is counted, and the lab charges it to the policy by these.
 */
export const lpIterationsPerSecond = 8_000
export const editsPerSecond = 10_000
export const placingStepsPerSecond = 50_000
export const boundedSlotsPerSecond = 40_000

/** Incumbents of the coarse program that are refined. */
const schedulesMax = 3

/** Serve variables that a coarse program may have, all in all: keeps its relaxation to seconds. */
const serveVariablesMax = 30_000

/** A smaller relative gap between the plan and the bound counts as none. */
const optimalGap = 1e-6

/**
 * Plans one window: the coarse integer program of docs/designs/002-ilp.md to about `gapTarget`, its
 * best solutions placed, each refined to single slots by local search, the best of them checked by
 * core/plan/check.ts. If the program gave nothing, the running layout is refined instead.
 * `bound` is valid for every legal plan of the problem at its own slots, less the terminal value of
 * the plan that is returned; it does not come from the coarse program, which is no relaxation.
 */
export function planWindow(
  problem: PlanningProblem,
  solver: Solver,
  settings: PlanWindowSettings,
): PlanOutcome {
  const grid = coarseGrid(problem, settings)
  const coarse = searchCoarse(grid, solver, { ...settings, schedulesMax })
  const starts = coarse.schedules.length > 0 ? coarse.schedules : [keepLayout(grid)]
  const refined = refineAll(grid, starts, settings.refineStepsMax)
  const bound = coarse.prices === null ? null : priceBound(grid, coarse.prices)
  const work = workOf(grid, { ...coarse, edits: refined.steps })
  return outcomeOf(grid, refined.jobs, { work, bound, policy: settings.policy })
}

function workOf(
  grid: Grid,
  counted: Pick<CoarseSearch, 'iterations' | 'placingSteps' | 'prices'> & {
    readonly edits: number
  },
): PlanningWork {
  const { iterations, placingSteps, edits, prices } = counted
  const versions = grid.tenants.reduce((sum, tenant) => sum + 1 + tenant.versions.length, 0)
  const boundedSlots = prices === null ? 0 : versions * grid.problem.slotCount
  return {
    steps: iterations + placingSteps + edits + boundedSlots,
    chargedSeconds:
      iterations / lpIterationsPerSecond +
      edits / editsPerSecond +
      placingSteps / placingStepsPerSecond +
      boundedSlots / boundedSlotsPerSecond,
  }
}

/** Fewer sets a tenant where many tenants or versions would make the program too large. */
function coarseGrid(problem: PlanningProblem, { coarseSlotSeconds }: PlanWindowSettings): Grid {
  const stepSlots = stepSlotsOf(problem, coarseSlotSeconds)
  const stepCount = Math.max(1, Math.ceil(problem.slotCount / stepSlots))
  const versions = problem.tenants.map(
    ({ retraining, underWay }) => 1 + (underWay === null ? retraining.length : 1),
  )
  const columns = stepCount * versions.reduce((sum, count) => sum + count, 0)
  const setCountMax = Math.max(8, Math.floor(serveVariablesMax / Math.max(1, columns)))
  return makeGrid(problem, stepSlots, { tolerance: 1e-3, setCountMax })
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

/** The best of the schedules after refinement; steps are shared out evenly. */
function refineAll(grid: Grid, schedules: readonly (readonly Job[])[], stepsMax: number): Refined {
  const each = Math.floor(stepsMax / schedules.length)
  const all = schedules.map((jobs) => refine(grid, jobs, { stepsMax: each }))
  const best = all.reduce((a, b) => (b.value >= a.value ? b : a))
  return { ...best, steps: all.reduce((sum, { steps }) => sum + steps, 0) }
}

type Found = {
  readonly work: PlanningWork
  /** On J + T. */
  readonly bound: number | null
  readonly policy: string
}

function outcomeOf(grid: Grid, jobs: readonly Job[], found: Found): PlanOutcome {
  const { problem } = grid
  const { work } = found
  const plan = planFromJobs(grid, jobs, found.policy)
  const value = valueOf(problem, plan)
  const reason = missedFloors(problem, value)
  if (reason !== null) return { status: 'infeasible', reason, work }
  const check = checkPlan(problem, plan)
  const breach = check.kind === 'legal' ? null : must(check.breaches[0])
  assert(breach === null, `planWindow made an illegal plan: ${breach?.message}`)
  const { objective, terminal } = value
  if (found.bound === null) {
    return { status: 'feasible', plan, objective, bound: null, gap: null, work }
  }
  const bound = Math.max(objective, found.bound - terminal)
  const gap = objective > 0 ? (bound - objective) / objective : bound > 0 ? null : 0
  const isOptimal = gap !== null && gap <= optimalGap
  return { status: isOptimal ? 'optimal' : 'feasible', plan, objective, bound, gap, work }
}
