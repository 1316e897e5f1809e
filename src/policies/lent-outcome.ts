import type { PlanOutcome } from '../core/plan/outcome.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { lendWhereItFits } from '../core/plan/takeover.ts'
import { valueOf } from '../core/plan/value.ts'

/** A legal plan made without a thought of takeovers, with those that its changes allow. */
export function lentOutcome(problem: PlanningProblem, outcome: PlanOutcome): PlanOutcome {
  if (problem.takeovers === undefined) return outcome
  if (outcome.status === 'infeasible') {
    return outcome.nearest === undefined
      ? outcome
      : { ...outcome, nearest: lendWhereItFits(problem, outcome.nearest) }
  }
  const plan = lendWhereItFits(problem, outcome.plan)
  const { objective } = valueOf(problem, plan)
  return { ...outcome, status: 'feasible', plan, objective, bound: null, gap: null }
}
