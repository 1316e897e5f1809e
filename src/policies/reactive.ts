import type { PlanningTenant } from '../core/plan/problem.ts'
import type { Policy } from '../core/policy.ts'
import type { PolicyContext } from './context.ts'
import { fixedLayoutOutcome } from './fixed-layout.ts'
import { headroom } from './headroom.ts'
import { parisLayout } from './paris/paris-layout.ts'
import { meanOf } from './placing/size-figures.ts'

/** What counts as now. */
const nowSlots = 5

/** Instances in proportion to the load of the moment, anew whenever it has moved. */
export function createReactive({ site }: PolicyContext): Policy {
  return {
    name: 'reactive',
    describe:
      'Takes the load of the moment for the load to come: splits the GPUs by it, and again when ' +
      'arrivals leave what they were. Instances that this load leaves retrain.',
    mechanism: 'mig',
    epochs: ['window-start', 'retraining-done', 'deviation', 'failure'],
    information: { arrivals: 'forecast', retraining: 'forecast' },
    planningSecondsMax: 0,
    plan: (problem) => {
      const demandRps = problem.tenants.map((own) => rateNow(own) / headroom)
      const layout = parisLayout(problem, site, { demandRps, servedMin: 1 })
      return fixedLayoutOutcome(problem, 'reactive', layout)
    },
  }
}

function rateNow({ arrivals }: PlanningTenant): number {
  return meanOf(arrivals.meanRps.slice(0, nowSlots))
}
