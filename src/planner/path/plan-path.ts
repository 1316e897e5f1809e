import { must } from '../../base/assert.ts'
import { Rng } from '../../base/rng.ts'
import type { PlanOutcome } from '../../core/plan/outcome.ts'
import type { Plan } from '../../core/plan/plan.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import { type PlanValue, valueOf } from '../../core/plan/value.ts'
import { choiceSearchOf, descend, descendForEver, type Steps } from './choice-search.ts'
import { emptySolution, keepLayout } from './first-solutions.ts'
import { planOfSolution } from './plan-of-solution.ts'
import { regionOf } from './region.ts'
import type { Solution } from './solution.ts'
import { type WindowModel, windowModelOf } from './window-model.ts'

/** The best plan so far and what it is worth; `steps` is the work done until it was found. */
export type Incumbent = {
  readonly plan: Plan
  readonly value: PlanValue
  readonly steps: number
}

export type PathSettings = {
  /** Counted work; one step is the relaxation of one state or edge, about two nanoseconds. */
  readonly stepsMax: number
  /** For a deadline by the clock: asked between pieces of work of at most some milliseconds. */
  readonly shouldStop?: () => boolean
  /** Called with every plan that is better than all before. */
  readonly onIncumbent?: (incumbent: Incumbent) => void
}

/** Steps that count as one second of planning in the lab: measured on one core, rounded down. */
export const stepsPerSecond = 2e8

/** The fast planner: a plan at once, then better ones until the work is spent. */
export function planPath(problem: PlanningProblem, settings: PathSettings): PlanOutcome {
  const model = windowModelOf(problem)
  let best: Incumbent | null = null
  let steps = 0
  const offer = (solution: Solution): void => {
    const plan = planOfSolution(model, 'migrator', solution)
    const value = valueOf(problem, plan)
    if (best !== null && total(value) <= total(best.value)) return
    best = { plan, value, steps }
    settings.onIncumbent?.(best)
  }
  for (const done of workOn(model, offer)) {
    steps += done
    if (steps >= settings.stepsMax || settings.shouldStop?.() === true) break
  }
  const work = { steps, chargedSeconds: steps / stepsPerSecond }
  const { plan, value } = must(best as Incumbent | null)
  return { status: 'feasible', plan, objective: value.objective, bound: null, gap: null, work }
}

function total({ objective, terminal }: PlanValue): number {
  return objective + terminal
}

const statesMax = 12_000

function* workOn(model: WindowModel, offer: (solution: Solution) => void): Steps {
  offer(emptySolution(model))
  offer(keepLayout(model))
  yield 1
  const gpu = must(model.gpus[0])
  const tenants = model.tenants.map(({ index }) => index)
  const states = must(gpu.statesOf(tenants, statesMax))
  const parts = { tenants, states, fixed: [], elsewhere: null, floorPrices: [] }
  const region = regionOf(model, gpu, parts)
  const search = choiceSearchOf(region, ({ choices, placed }) =>
    offer({ choices, holds: [placed.holds] }),
  )
  yield* descend(
    search,
    tenants.map(() => null),
  )
  yield* descendForEver(search, new Rng(0, 'path planner'))
}
