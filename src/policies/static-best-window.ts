import type { Policy } from '../core/policy.ts'
import { fixedLayoutOutcome } from './fixed-layout.ts'
import { bestLayoutFor } from './window-layout.ts'

/** The best that can be had by one layout a window: what beats it follows arrivals within one. */
export function createStaticBestWindow(): Policy {
  return {
    name: 'static-best-window',
    describe:
      'Oracle: knows what is true of each window at its start and keeps for it the one layout ' +
      'and assignment that brings most, or the one that runs where changing is not worth it.',
    mechanism: 'mig',
    epochs: ['window-start', 'failure'],
    information: { arrivals: 'truth', retraining: 'truth' },
    planningSecondsMax: 0,
    plan: (problem) =>
      fixedLayoutOutcome(problem, 'static-best-window', bestLayoutFor(problem, problem)),
  }
}
