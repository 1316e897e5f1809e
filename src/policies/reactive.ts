import type { Policy } from '../core/policy.ts'
import type { PolicyContext } from './context.ts'
import { fixedLayoutOutcome } from './fixed-layout.ts'
import { parisLayout } from './paris/paris-layout.ts'
import { meanRps } from './placing/size-figures.ts'

/** What counts as now: of 1, 5, 10 and 20 s the best we tried. */
const measuredSeconds = 10

/** Instances in proportion to the load of the last seconds, anew whenever it has moved. */
export function createReactive({ site }: PolicyContext): Policy {
  return {
    name: 'reactive',
    describe:
      'Takes the load of the last seconds for the load to come: splits the GPUs by it, and again ' +
      'when it has moved by a fifth. Instances that this load leaves retrain.',
    mechanism: 'mig',
    epochs: ['window-start', 'retraining-done', 'load-moved', 'failure'],
    information: { arrivals: 'last-window', measuredSeconds, retraining: 'forecast' },
    planningSecondsMax: 0,
    plan: (problem) => {
      const demandRps = problem.tenants.map(meanRps)
      const layout = parisLayout(problem, site, { demandRps, servedMin: 1 })
      return fixedLayoutOutcome(problem, 'reactive', layout)
    },
  }
}
