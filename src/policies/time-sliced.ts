import type { Policy } from '../core/policy.ts'
import type { PolicyContext } from './context.ts'
import { equalSharesOutcome } from './equal-shares.ts'

/** The whole GPU in turns, everybody alike: the floor that any partition has to beat. */
export function createTimeSliced(context: PolicyContext): Policy {
  return {
    name: 'time-sliced',
    describe:
      'Gives the whole GPU to all of its tenants in turns, and one turn more to retraining, ' +
      'which is handed round: what gains most in the window goes first.',
    mechanism: 'time-slicing',
    epochs: ['window-start', 'retraining-done', 'failure'],
    information: { arrivals: 'forecast', retraining: 'forecast' },
    planningSecondsMax: 0,
    plan: (problem) => equalSharesOutcome(context.site, problem, 'time-sliced'),
  }
}
