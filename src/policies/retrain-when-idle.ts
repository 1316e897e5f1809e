import { must } from '../base/assert.ts'
import type { PlanningTenant } from '../core/plan/problem.ts'
import type { Policy } from '../core/policy.ts'
import type { PolicyContext } from './context.ts'
import { fixedLayoutOutcome } from './fixed-layout.ts'
import { headroom } from './headroom.ts'
import { parisLayout } from './paris/paris-layout.ts'

/** Serving first: retraining gets what the busiest part of the window does not need. */
export function createRetrainWhenIdle({ site }: PolicyContext): Policy {
  return {
    name: 'retrain-when-idle',
    describe:
      'Splits the GPUs by the highest load expected in the window; only instances that even this ' +
      'load leaves retrain.',
    mechanism: 'mig',
    epochs: ['window-start', 'retraining-done', 'failure'],
    information: { arrivals: 'forecast', retraining: 'forecast' },
    planningSecondsMax: 0,
    plan: (problem) => {
      const demandRps = problem.tenants.map((own) => highRate(own) / headroom)
      const layout = parisLayout(problem, site, { demandRps, servedMin: 1 })
      return fixedLayoutOutcome(problem, 'retrain-when-idle', layout)
    },
  }
}

/** Exceeded in one slot of ten. */
function highRate({ arrivals }: PlanningTenant): number {
  const sorted = arrivals.meanRps.toSorted((a, b) => a - b)
  return must(sorted[Math.floor(0.9 * (sorted.length - 1))])
}
