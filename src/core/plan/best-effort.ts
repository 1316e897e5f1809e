import { type BreachCode, checkPlan } from './check.ts'
import { reachableAttainment } from './floor-reach.ts'
import type { PlanOutcome } from './outcome.ts'
import type { Plan } from './plan.ts'
import type { PlanningProblem } from './problem.ts'
import { stateHash } from './state-hash.ts'

export type BestEffort = {
  /** As the policy answered. */
  readonly outcome: PlanOutcome
  /** What can be carried out; null where nothing was found. */
  readonly plan: Plan | null
}

/**
 * Asks for a plan, and where no plan keeps every floor, for the nearest one that can be carried
 * out: the one that the policy found, else its plan with floors lowered to what each tenant alone
 * could reach, else its plan without floors. With nothing in force nothing would be served, and the
 * next problem would be as bad.
 */
export function planWithBestEffort(
  problem: PlanningProblem,
  planFor: (problem: PlanningProblem) => PlanOutcome,
): BestEffort {
  const outcome = planFor(problem)
  if (outcome.status !== 'infeasible') return { outcome, plan: outcome.plan }
  if (outcome.nearest !== undefined) return { outcome, plan: outcome.nearest }
  if (problem.tenants.every((own) => own.sloAttainmentMin === null)) return { outcome, plan: null }
  for (const eased of [withReachableFloors(problem), withoutFloors(problem)]) {
    const next = planFor(eased)
    const plan = next.status === 'infeasible' ? next.nearest : next.plan
    if (plan !== undefined) return { outcome, plan: { ...plan, stateHash: stateHash(problem) } }
  }
  return { outcome, plan: null }
}

/** What is wrong with a plan besides the floors it misses, and by tenant which those are. */
export function breachesOf(
  problem: PlanningProblem,
  plan: Plan,
): {
  readonly floorsMissed: readonly string[]
  readonly others: readonly { readonly code: BreachCode; readonly message: string }[]
} {
  const check = checkPlan(problem, plan)
  const breaches = check.kind === 'legal' ? [] : check.breaches
  return {
    floorsMissed: breaches.flatMap(({ code, tenant }) =>
      code === 'below-floor' && tenant !== null ? [tenant] : [],
    ),
    others: breaches.filter(({ code }) => code !== 'below-floor'),
  }
}

function withoutFloors(problem: PlanningProblem): PlanningProblem {
  const tenants = problem.tenants.map((own) => ({ ...own, sloAttainmentMin: null }))
  return { ...problem, tenants }
}

/** Floors that no tenant alone could reach become what it could. */
function withReachableFloors(problem: PlanningProblem): PlanningProblem {
  const tenants = problem.tenants.map((own) => {
    const { sloAttainmentMin } = own
    const most = reachableAttainment(problem, own)
    if (sloAttainmentMin === null || most === null || most >= sloAttainmentMin) return own
    return { ...own, sloAttainmentMin: Math.max(0, most - 1e-9) }
  })
  return { ...problem, tenants }
}
