import { must } from '../../base/assert.ts'
import { Rng } from '../../base/rng.ts'
import type { PlanOutcome } from '../../core/plan/outcome.ts'
import type { Plan } from '../../core/plan/plan.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import { type PlanValue, valueOf } from '../../core/plan/value.ts'
import {
  type ChoiceSearch,
  choiceSearchOf,
  descend,
  descendForEver,
  type Steps,
} from './choice-search.ts'
import { type DualReport, tighten } from './dual-search.ts'
import { emptySolution, keepLayout } from './first-solutions.ts'
import { searchNeighbourhoods } from './neighbourhoods.ts'
import { planOfSolution } from './plan-of-solution.ts'
import { type Choices, type Region, regionOf } from './region.ts'
import type { Solution } from './solution.ts'
import { type WindowModel, windowModelOf } from './window-model.ts'

/** The best plan so far and what it is worth; `steps` is the work done until it was found. */
export type Incumbent = {
  readonly plan: Plan
  readonly value: PlanValue
  readonly steps: number
}

export type PathSettings = {
  /** Counted work; one step is the relaxation of one state or edge, about ten nanoseconds. */
  readonly stepsMax: number
  /** Stop when the certified relative gap is at most this; 0.0001 if left out. */
  readonly gapTarget?: number
  /** For a deadline by the clock: asked between pieces of work of at most some milliseconds. */
  readonly shouldStop?: () => boolean
  /** Called with every plan that is better than all before. */
  readonly onIncumbent?: (incumbent: Incumbent) => void
  /** Called with every better bound on J of the best plan's kind (design 003). */
  readonly onBound?: (bound: number, steps: number) => void
}

/** Steps that count as one second of planning in the lab: measured on one core, rounded down. */
export const stepsPerSecond = 1e8

/** Relative gap below which a plan is called optimal. */
const optimalGap = 1e-4

/** What has been found so far. */
type Progress = {
  readonly model: WindowModel
  readonly settings: PathSettings
  best: Incumbent | null
  /** Bound on J + T of every plan. */
  bound: number
  steps: number
}

/** The fast planner: a plan at once, then better plans and bounds until the work is spent. */
export function planPath(problem: PlanningProblem, settings: PathSettings): PlanOutcome {
  const model = windowModelOf(problem)
  const bound = Number.POSITIVE_INFINITY
  const progress: Progress = { model, settings, best: null, bound, steps: 0 }
  for (const steps of workOn(progress)) {
    progress.steps += steps
    const isSpent = progress.steps >= settings.stepsMax
    if (isSpent || isClosed(progress) || settings.shouldStop?.() === true) break
  }
  return outcomeOf(progress)
}

function outcomeOf({ best, bound, steps }: Progress): PlanOutcome {
  const work = { steps, chargedSeconds: steps / stepsPerSecond }
  const { plan, value } = must(best)
  const { objective, terminal } = value
  if (!Number.isFinite(bound)) {
    return { status: 'feasible', plan, objective, bound: null, gap: null, work }
  }
  const own = Math.max(objective, bound - terminal)
  const gap = gapOf(objective, own)
  const status = gap <= optimalGap ? 'optimal' : 'feasible'
  return { status, plan, objective, bound: own, gap, work }
}

/** Relative to the objective; zero when both are zero. */
function gapOf(objective: number, bound: number): number {
  return bound <= objective ? 0 : (bound - objective) / Math.abs(objective)
}

function isClosed({ best, bound, settings }: Progress): boolean {
  if (best === null) return false
  const { objective, terminal } = best.value
  return gapOf(objective, bound - terminal) <= (settings.gapTarget ?? optimalGap)
}

function total({ objective, terminal }: PlanValue): number {
  return objective + terminal
}

function offer(progress: Progress, solution: Solution): void {
  const { model, best, steps, settings } = progress
  const plan = planOfSolution(model, 'migrator', solution)
  const value = valueOf(model.problem, plan)
  if (best !== null && total(value) <= total(best.value)) return
  progress.best = { plan, value, steps }
  settings.onIncumbent?.(progress.best)
}

/** Up to this many joint states all tenants of one GPU are planned together: five on an A100. */
const statesMax = 5000

function* workOn(progress: Progress): Steps {
  const { model } = progress
  offer(progress, emptySolution(model))
  offer(progress, keepLayout(model))
  yield 1
  const whole = wholeRegion(model)
  if (whole !== null) yield* primalAndDual(progress, whole)
  else if (model.gpus.length > 0) yield* severalRegions(progress)
}

/** The whole problem as one region, if it has one GPU and few enough tenants. */
function wholeRegion(model: WindowModel): Region | null {
  const gpu = model.gpus.length === 1 ? must(model.gpus[0]) : null
  const tenants = model.tenants.map(({ index }) => index)
  const states = gpu?.statesOf(tenants, statesMax) ?? null
  if (gpu === null || states === null || tenants.length === 0) return null
  const none = model.problem.classes.map(() => 0)
  const nothing = Array.from({ length: model.slotCount }, () => none)
  const elsewhere = () => nothing
  return regionOf(model, gpu, { tenants, states, fixed: [], elsewhere, floorPrices: [] })
}

function* severalRegions(progress: Progress): Steps {
  const { model } = progress
  yield* searchNeighbourhoods({
    model,
    floorPrices: [],
    rng: new Rng(0, 'neighbourhoods'),
    current: keepLayout(model),
    report: (solution) => offer(progress, solution),
  })
}

/** One region that is the whole problem: plans and bounds by turns, with equal work. */
function* primalAndDual(progress: Progress, region: Region): Steps {
  const search = choiceSearchOf(region, ({ choices, placed }) =>
    offer(progress, { choices, holds: [placed.holds] }),
  )
  const takeBound = ({ bound, retraining }: DualReport): void => {
    search.suggestions.push(retraining.map((own) => own && { ...own, gpu: region.gpu.gpu }))
    if (bound >= progress.bound) return
    progress.bound = bound
    progress.settings.onBound?.(bound - must(progress.best).value.terminal, progress.steps)
  }
  const best = () => total(must(progress.best).value)
  const first = keepLayout(region.model).choices
  yield* byTurns(primal(search, first), tighten(region, best, takeBound))
}

function* primal(search: ChoiceSearch, first: Choices): Steps {
  yield* descend(search, first)
  if (first.some((choice) => choice !== null))
    yield* descend(
      search,
      first.map(() => null),
    )
  yield* descendForEver(search, new Rng(0, 'path planner'))
}

/** Advances the one that has done less work so far, until both are done. */
function* byTurns(a: Steps, b: Steps): Steps {
  let ahead = 0
  let isADone = false
  let isBDone = false
  while (!isADone || !isBDone) {
    const isATurn: boolean = !isADone && (isBDone || ahead <= 0)
    const next: IteratorResult<number, void> = isATurn ? a.next() : b.next()
    const steps = next.done === true ? 0 : next.value
    if (isATurn) isADone = next.done === true
    else isBDone = next.done === true
    ahead += isATurn ? steps : -steps
    yield steps
  }
}
