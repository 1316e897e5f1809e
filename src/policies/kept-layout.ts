import { must } from '../base/assert.ts'
import type { Plan } from '../core/plan/plan.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { fixedLayoutOutcome } from './fixed-layout.ts'
import { findStaticBest } from './static-best-search.ts'

/** A plan, and the steps of the path planner (`stepsPerSecond`) that finding it counts as. */
export type KeptLayoutPlan = { readonly plan: Plan; readonly steps: number }

/** One layout with its assignment is valued in 25 to 35 microseconds on one core. */
const stepsPerLayout = 3500

/**
 * The best layout that could simply be kept to the problem's end, with retraining handed round on
 * what nobody serves with: found at once, and what a plan that changes has to beat. Null where its
 * layout cannot be carried out.
 */
export function keptLayoutPlan(problem: PlanningProblem): KeptLayoutPlan | null {
  const { layout, tried } = findStaticBest({
    windows: [problem],
    outlook: (tenant) => must(problem.tenants[tenant]),
  })
  const outcome = fixedLayoutOutcome(problem, 'migrator', layout)
  if (outcome.status === 'infeasible') return null
  return { plan: outcome.plan, steps: stepsPerLayout * tried }
}
