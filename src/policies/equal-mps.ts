import type { Policy } from '../core/policy.ts'
import type { PolicyContext } from './context.ts'
import { equalSharesOutcome } from './equal-shares.ts'

/** Every tenant the same share under MPS, and one more to retrain on in turns. */
export function createEqualMps(context: PolicyContext): Policy {
  return {
    name: 'equal-mps',
    describe:
      'Gives every tenant of a GPU the same share of it under MPS, and one share more to retrain ' +
      'on, which is handed round: what gains most in the window goes first.',
    mechanism: 'mps',
    epochs: ['window-start', 'retraining-done', 'failure'],
    information: { arrivals: 'forecast', retraining: 'forecast' },
    planningSecondsMax: 0,
    plan: (problem) => equalSharesOutcome(context.site, problem, 'equal-mps'),
  }
}
