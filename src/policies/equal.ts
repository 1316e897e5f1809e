import type { Policy } from '../core/policy.ts'
import type { PolicyContext } from './context.ts'
import { equalLayout } from './equal-layout.ts'
import { fixedLayoutOutcome } from './fixed-layout.ts'

/** Every tenant the same, and one instance to retrain on in turns. */
export function createEqual({ site }: PolicyContext): Policy {
  const layout = equalLayout(site)
  return {
    name: 'equal',
    describe:
      'Gives every tenant of a GPU one instance of the same profile, the largest that leaves ' +
      'room for a retraining instance, which is the largest that then fits and is handed round: ' +
      'what gains most in the window goes first.',
    mechanism: 'mig',
    epochs: ['window-start', 'retraining-done', 'failure'],
    information: { arrivals: 'forecast', retraining: 'forecast' },
    planningSecondsMax: 0,
    plan: (problem) => fixedLayoutOutcome(problem, 'equal', layout),
  }
}
