import { must } from '../base/assert.ts'
import { profileById } from '../core/mig/gpu-model.ts'
import { sliceMask } from '../core/mig/placement.ts'
import { checkPlan } from '../core/plan/check.ts'
import type { PlanOutcome } from '../core/plan/outcome.ts'
import { type Block, type InstancePlace, planFromBlocks } from '../core/plan/plan-from-blocks.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { classIndexOf } from '../core/plan/slots.ts'
import { valueOf } from '../core/plan/value.ts'
import type { FixedInstance } from './fixed-instance.ts'
import { poolBlocks } from './pool-blocks.ts'

/**
 * The plan that keeps this layout: inference throughout, retraining on the pool. Instances on
 * blocked slices are left out, and so is inference where its tenant cannot serve.
 */
export function fixedLayoutOutcome(
  problem: PlanningProblem,
  policy: string,
  layout: readonly FixedInstance[],
): PlanOutcome {
  const usable = layout.filter(({ place }) => !isBlocked(problem, place))
  const inference = usable.flatMap((instance) => inferenceBlock(problem, instance))
  const blocks = [...inference, ...poolBlocks(problem, inference, usable)]
  const plan = planFromBlocks(problem, policy, blocks)
  const work = { steps: blocks.length, chargedSeconds: 0 }
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

function inferenceBlock(problem: PlanningProblem, { place, use }: FixedInstance): Block[] {
  if (use.kind !== 'inference') return []
  const classIndex = classIndexOf(problem, place.gpu, place.profileId)
  const way = problem.tenants[use.tenant]?.serving[classIndex] ?? null
  if (way === null) return []
  const role = { kind: 'inference' } as const
  const untilSlot = problem.slotCount
  return [{ place, tenantIndex: use.tenant, fromSlot: 0, untilSlot, role }]
}

function isBlocked(problem: PlanningProblem, { gpu, profileId, start }: InstancePlace): boolean {
  const { model, blocked } = must(problem.gpus[gpu])
  const mask = sliceMask(profileById(model, profileId), start)
  return blocked.some((own) => (mask & (((1 << own.size) - 1) << own.start)) !== 0)
}
