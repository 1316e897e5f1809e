import { must } from '../../base/assert.ts'
import { checkPlan } from '../../core/plan/check.ts'
import type { PlanOutcome } from '../../core/plan/outcome.ts'
import { type Block, planFromBlocks } from '../../core/plan/plan-from-blocks.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import { valueOf } from '../../core/plan/value.ts'

export type PlannedBlocks = {
  readonly blocks: readonly Block[]
  readonly steps: number
  /** Steps that count as a second of planning; left out, planning is not charged. */
  readonly stepsPerSecond?: number
}

/** The plan with these blocks and what it is worth; infeasible where a floor is missed. */
export function outcomeOf(
  problem: PlanningProblem,
  policy: string,
  { blocks, steps, stepsPerSecond = Number.POSITIVE_INFINITY }: PlannedBlocks,
): PlanOutcome {
  const plan = planFromBlocks(problem, policy, blocks)
  const work = { steps, chargedSeconds: steps / stepsPerSecond }
  const check = checkPlan(problem, plan)
  if (check.kind === 'illegal') {
    const { breaches } = check
    const reason = must(breaches[0]).message
    const isNearest = breaches.every(({ code }) => code === 'below-floor')
    return { status: 'infeasible', reason, work, ...(isNearest ? { nearest: plan } : {}) }
  }
  const { objective } = valueOf(problem, plan)
  return { status: 'feasible', plan, objective, bound: null, gap: null, work }
}

export function infeasible(reason: string): PlanOutcome {
  return { status: 'infeasible', reason, work: { steps: 0, chargedSeconds: 0 } }
}
