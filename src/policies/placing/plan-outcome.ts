import { must } from '../../base/assert.ts'
import { checkPlan } from '../../core/plan/check.ts'
import type { PlanOutcome } from '../../core/plan/outcome.ts'
import { type Block, planFromBlocks } from '../../core/plan/plan-from-blocks.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import { valueOf } from '../../core/plan/value.ts'

/** The plan with these blocks and what it is worth; infeasible where a floor is missed. */
export function outcomeOf(
  problem: PlanningProblem,
  policy: string,
  { blocks, steps }: { readonly blocks: readonly Block[]; readonly steps: number },
): PlanOutcome {
  const plan = planFromBlocks(problem, policy, blocks)
  const work = { steps, chargedSeconds: 0 }
  const check = checkPlan(problem, plan)
  if (check.kind === 'illegal') {
    return { status: 'infeasible', reason: must(check.breaches[0]).message, work }
  }
  const { objective } = valueOf(problem, plan)
  return { status: 'feasible', plan, objective, bound: null, gap: null, work }
}

export function infeasible(reason: string): PlanOutcome {
  return { status: 'infeasible', reason, work: { steps: 0, chargedSeconds: 0 } }
}
