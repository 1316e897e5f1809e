import { assert, must } from '../base/assert.ts'
import { checkPlan } from '../core/plan/check.ts'
import { refusal } from '../core/plan/check-problem.ts'
import type { PlanningWork, PlanOutcome } from '../core/plan/outcome.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { lendWhereItFits } from '../core/plan/takeover.ts'
import { valueOf } from '../core/plan/value.ts'
import { coarseGrid } from './coarse-grid.ts'
import { type CoarseSearch, searchCoarse } from './coarse-search.ts'
import { missedFloors } from './floors.ts'
import type { Grid } from './grid.ts'
import { keepLayout } from './keep-layout.ts'
import { priceBound } from './price-bound.ts'
import { type Refined, refine } from './refine.ts'
import { type Job, planFromJobs } from './schedule.ts'
import type { Solver } from './solver.ts'

export type PlanWindowSettings = {
  /** The name that the plan bears. */
  readonly policy: string
  /** Longest steps that the integer program decides by; see `coarseGrid`. */
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
export const lpIterationsPerSecond = 12_000
export const editsPerSecond = 10_000
export const placingStepsPerSecond = 50_000
export const boundedSlotsPerSecond = 40_000

/** Incumbents of the coarse program that are refined. */
const schedulesMax = 3

/** The part of the work that the first coarse program may take. */
const firstShare = 0.75

/** A smaller relative gap between the plan and the bound counts as none. */
const optimalGap = 1e-6

/**
 * Plans one window: the coarse integer program of docs/designs/002-ilp.md to about `gapTarget`, its
 * best solutions placed, each refined to single slots by local search, the best of them checked by
 * core/plan/check.ts. If the program gave nothing, the running layout is refined instead.
 * `bound` is valid for every legal plan of the problem at its own slots, less the terminal value of
 * the plan that is returned; it does not come from the coarse program, which is no relaxation.
 * All of this breaks first; where the problem has takeovers, the plan that is found lends where it
 * fits, and there is no bound.
 */
export function planWindow(
  problem: PlanningProblem,
  solver: Solver,
  settings: PlanWindowSettings,
): PlanOutcome {
  const refused = refusal(problem)
  if (refused !== null) return refused
  const { grid, coarse } = searchTwice(problem, solver, settings)
  const starts = coarse.schedules.length > 0 ? coarse.schedules : [keepLayout(grid)]
  const refined = refineAll(grid, starts, settings.refineStepsMax)
  const prices = problem.takeovers === undefined ? coarse.prices : null
  const bound = prices === null ? null : priceBound(grid, prices)
  const work = workOf(grid, { ...coarse, prices, edits: refined.steps })
  return outcomeOf(grid, refined.jobs, { work, bound, policy: settings.policy })
}

/** The most that a plan is charged under these settings, placing allowed for generously. */
export function chargedSecondsMax(
  settings: Pick<PlanWindowSettings, 'workMax' | 'refineStepsMax'>,
  size: { readonly versionCount: number; readonly slotCount: number },
): number {
  const placing = 0.1
  return (
    settings.workMax / lpIterationsPerSecond +
    settings.refineStepsMax / editsPerSecond +
    (size.versionCount * size.slotCount) / boundedSlotsPerSecond +
    placing
  )
}

type Attempt = { readonly grid: Grid; readonly coarse: CoarseSearch }

/** Once more with longer steps and the work that is left, if the first relaxation took too much. */
function searchTwice(
  problem: PlanningProblem,
  solver: Solver,
  settings: PlanWindowSettings,
): Attempt {
  const attempt = (workMax: number): Attempt => {
    const grid = coarseGrid(problem, { ...settings, workMax })
    return { grid, coarse: searchCoarse(grid, solver, { ...settings, workMax, schedulesMax }) }
  }
  const share = Math.ceil(firstShare * settings.workMax)
  const first = attempt(share)
  const { iterations, schedules } = first.coarse
  if (schedules.length > 0 || iterations < share) return first
  const second = attempt(settings.workMax - iterations)
  const together = iterations + second.coarse.iterations
  return { grid: second.grid, coarse: { ...second.coarse, iterations: together } }
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
  const plan = lendWhereItFits(problem, planFromJobs(grid, jobs, found.policy))
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
