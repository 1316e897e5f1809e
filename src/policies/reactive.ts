import type { PlanOutcome } from '../core/plan/outcome.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import type { Policy } from '../core/policy.ts'
import type { PolicyContext } from './context.ts'
import { fixedLayoutOutcome } from './fixed-layout.ts'
import { lentOutcome } from './lent-outcome.ts'
import { parisLayout } from './paris/paris-layout.ts'
import { meanRps } from './placing/size-figures.ts'

/** What counts as now: of 1, 5, 10 and 20 s the best we tried. */
const measuredSeconds = 10

/**
 * The same, but on a GPU instance that changes its holder the one before stays until the next is
 * ready: what takeovers bring to a policy that looks ahead at nothing.
 */
export function createReactiveMakeFirst(context: PolicyContext): Policy {
  const reactive = createReactive(context)
  return {
    ...reactive,
    name: 'reactive-make-first',
    describe:
      'Policy reactive, granted takeovers: the next holder of a GPU instance starts beside the ' +
      'one before, where memory holds both.',
    handover: 'make-first',
    plan: (problem) => lentOutcome(problem, plannedBy(problem, context, 'reactive-make-first')),
  }
}

/** Instances in proportion to the load of the last seconds, anew whenever it has moved. */
export function createReactive(context: PolicyContext): Policy {
  return {
    name: 'reactive',
    describe:
      'Takes the load of the last seconds for the load to come: splits the GPUs by it, and again ' +
      'when it has moved by a fifth. Instances that this load leaves retrain.',
    mechanism: 'mig',
    epochs: ['window-start', 'retraining-done', 'load-moved', 'failure'],
    information: { arrivals: 'last-window', measuredSeconds, retraining: 'forecast' },
    planningSecondsMax: 0,
    plan: (problem) => plannedBy(problem, context, 'reactive'),
  }
}

function plannedBy(problem: PlanningProblem, { site }: PolicyContext, policy: string): PlanOutcome {
  const demandRps = problem.tenants.map(meanRps)
  const layout = parisLayout(problem, site, { demandRps, servedMin: 1 })
  return fixedLayoutOutcome(problem, policy, layout)
}
