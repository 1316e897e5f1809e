import { assert } from '../base/assert.ts'
import { checkPlan } from '../core/plan/check.ts'
import type { PlanningWork, PlanOutcome } from '../core/plan/outcome.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { valueOf } from '../core/plan/value.ts'
import { inferenceWarmUpSlots } from '../core/plan/warm-up.ts'
import { searchCoarse } from './coarse-search.ts'
import { missedFloors } from './floors.ts'
import { type Grid, makeGrid } from './grid.ts'
import { keepLayout } from './keep-layout.ts'
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
 * What one second of one core does, measured on the machine of docs/designs/002-ilp.md: work is
 * counted and the lab charges it to the policy by these.
 */
export const lpIterationsPerSecond = 8_000
export const editsPerSecond = 8_000

/** Incumbents of the coarse program that are refined. */
const schedulesMax = 3

/** Serve variables that a coarse program may have, all in all: keeps its relaxation to seconds. */
const serveVariablesMax = 30_000

/**
 * Plans one window: the coarse integer program of docs/designs/002-ilp.md to about `gapTarget`, its
 * best solutions placed, each refined to single slots by local search, the best of them checked by
 * core/plan/check.ts. If the program gave nothing, the running layout is refined instead.
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
  const steps = coarse.iterations + coarse.placingSteps + refined.steps
  const chargedSeconds =
    coarse.iterations / lpIterationsPerSecond +
    (coarse.placingSteps + refined.steps) / editsPerSecond
  return outcomeOf(grid, refined.jobs, { work: { steps, chargedSeconds }, settings })
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

function outcomeOf(
  grid: Grid,
  jobs: readonly Job[],
  { work, settings }: { readonly work: PlanningWork; readonly settings: PlanWindowSettings },
): PlanOutcome {
  const { problem } = grid
  const plan = planFromJobs(grid, jobs, settings.policy)
  const value = valueOf(problem, plan)
  const reason = missedFloors(problem, value)
  if (reason !== null) return { status: 'infeasible', reason, work }
  const check = checkPlan(problem, plan)
  assert(
    check.kind === 'legal',
    `planWindow made an illegal plan: ${check.kind === 'legal' ? '' : check.breaches[0]?.message}`,
  )
  const { objective } = value
  return { status: 'feasible', plan, objective, bound: null, gap: null, work }
}
