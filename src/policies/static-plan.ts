import { must } from '../base/assert.ts'
import type { Hindsight } from '../core/hindsight.ts'
import type { Plan } from '../core/plan/plan.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { fixedLayoutOutcome } from './fixed-layout.ts'
import { findStaticBest } from './static-best-search.ts'

/**
 * The plan of the one layout and assignment that, kept from this problem's start to its end, is
 * worth most: what a plan that changes the layout has to beat. Warm-ups of what does not run yet
 * are left out of the search but not of the plan. Null where such a plan would not be legal.
 */
export function staticPlan(problem: PlanningProblem): Plan | null {
  const { layout } = findStaticBest(asHindsight(problem))
  const outcome = fixedLayoutOutcome(problem, 'static-best', layout)
  return outcome.status === 'infeasible' ? null : outcome.plan
}

/** A run of one window in which the problem's expectations are the truth. */
function asHindsight(problem: PlanningProblem): Hindsight {
  return {
    windows: [problem],
    outlook: (tenant) => {
      const { accuracyDeployed, accuracyTerminal, retraining } = must(problem.tenants[tenant])
      return { accuracyDeployed, accuracyTerminal, retraining }
    },
  }
}
