import type { PlanningProblem } from '../core/plan/problem.ts'
import type { Policy } from '../core/policy.ts'
import { fixedLayoutOutcome } from './fixed-layout.ts'
import { bestLayoutFor } from './window-layout.ts'

/** Every window the layout that answers most by the deployed versions; these grow old. */
export function createNoRetraining(): Policy {
  return {
    name: 'no-retraining',
    describe:
      'Never retrains. Takes for each window the layout and assignment that is expected to ' +
      'answer most in time and correctly.',
    mechanism: 'mig',
    epochs: ['window-start', 'failure'],
    information: { arrivals: 'forecast', retraining: 'forecast' },
    planningSecondsMax: 0,
    plan: (problem) => {
      const layout = bestLayoutFor(problem, withoutRetraining(problem))
      return fixedLayoutOutcome(problem, 'no-retraining', layout)
    },
  }
}

function withoutRetraining(problem: PlanningProblem): PlanningProblem {
  const tenants = problem.tenants.map((own) => ({ ...own, retraining: [], underWay: null }))
  return { ...problem, tenants }
}
