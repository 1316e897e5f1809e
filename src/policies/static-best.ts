import type { PlanOutcome } from '../core/plan/outcome.ts'
import type { Policy } from '../core/policy.ts'
import type { PolicyContext } from './context.ts'
import { fixedLayoutOutcome } from './fixed-layout.ts'
import { findStaticBest, type StaticBest } from './static-best-search.ts'

/**
 * The best that can be had without changing the layout: an oracle, chosen with the whole run known.
 * What beats it has followed the arrivals.
 */
export function createStaticBest({ hindsight }: PolicyContext): Policy {
  let found: StaticBest | null = null
  return {
    name: 'static-best',
    describe:
      'Oracle: knows the whole run in advance and keeps the one layout and assignment that ' +
      'brings most Goodput over it. Instances of its retraining pool are handed from tenant to ' +
      'tenant, what gains most first.',
    mechanism: 'mig',
    epochs: ['window-start', 'retraining-done', 'failure'],
    information: { arrivals: 'truth', retraining: 'truth' },
    planningSecondsMax: 0,
    plan: (problem) => {
      if (hindsight === null) return noHindsight()
      found ??= findStaticBest(hindsight)
      return fixedLayoutOutcome(problem, 'static-best', found.layout)
    },
  }
}

function noHindsight(): PlanOutcome {
  const work = { steps: 0, chargedSeconds: 0 }
  return { status: 'infeasible', reason: 'static-best needs the run in hindsight', work }
}
