import type { Plan } from './plan.ts'

/** What planning cost, in counted work; the lab charges `chargedSeconds` of simulated time. */
export type PlanningWork = {
  readonly steps: number
  readonly chargedSeconds: number
}

/**
 * The answer of a policy. Objective and bound are expected Goodput in the problem's horizon,
 * terminal value left out (core/plan/value.ts); a policy that proves nothing has bound and gap
 * null.
 */
export type PlanOutcome =
  | {
      readonly status: 'optimal' | 'feasible'
      readonly plan: Plan
      readonly objective: number
      readonly bound: number | null
      readonly gap: number | null
      readonly work: PlanningWork
    }
  | {
      readonly status: 'infeasible'
      /** Which tenant and limit bind, and the nearest that would do: one sentence. */
      readonly reason: string
      /** The plan found that comes nearest to the floors: legal but for those it misses. */
      readonly nearest?: Plan
      readonly work: PlanningWork
    }
