import { profileById } from '../mig/gpu-model.ts'
import { sliceMask } from '../mig/placement.ts'
import type { Plan } from './plan.ts'
import {
  type Block,
  type InstancePlace,
  planFromBlocks,
  retrainingSpanOf,
} from './plan-from-blocks.ts'
import type { PlanningProblem, RunningInstance } from './problem.ts'
import { classIndexOf } from './slots.ts'
import { slotsFor } from './warm-up.ts'

/**
 * The plan that changes nothing: what serves goes on to the problem's end, a retraining that runs
 * goes on until it is done. Instances without a worker are let go. Legal but for floors, whatever
 * the problem: what nobody else found in time can always be done.
 */
export function keepLayoutPlan(problem: PlanningProblem, policy = 'keep-layout'): Plan {
  const blocks = problem.running.flatMap((running) => keptBlocks(problem, running))
  return planFromBlocks(problem, policy, blocks)
}

function keptBlocks(problem: PlanningProblem, running: RunningInstance): readonly Block[] {
  const { gpu, profileId, start, worker } = running
  const place = { gpu, profileId, start }
  const tenantIndex = problem.tenants.findIndex(({ id }) => id === worker?.tenant)
  if (worker === null || tenantIndex < 0 || !mayStay(problem, place)) return []
  const where = { place, tenantIndex, fromSlot: 0 }
  return worker.role === 'inference'
    ? keptInference(problem, where, worker.readyInSeconds)
    : keptRetraining(problem, where, running.id)
}

type Where = Pick<Block, 'place' | 'tenantIndex' | 'fromSlot'>

function keptInference(
  problem: PlanningProblem,
  where: Where,
  readyInSeconds: number,
): readonly Block[] {
  const { slotCount, slotSeconds, tenants } = problem
  const classIndex = classIndexOf(problem, where.place.gpu, where.place.profileId)
  const way = tenants[where.tenantIndex]?.serving[classIndex] ?? null
  if (way === null || slotsFor(readyInSeconds, slotSeconds) >= slotCount) return []
  return [{ ...where, role: { kind: 'inference' }, untilSlot: slotCount }]
}

function keptRetraining(
  problem: PlanningProblem,
  where: Where,
  instanceId: string,
): readonly Block[] {
  const underWay = problem.tenants[where.tenantIndex]?.underWay ?? null
  if (underWay === null || underWay.instanceId !== instanceId) return []
  const { configurationId } = underWay.forecast
  const role = { kind: 'retraining', configurationId, resumes: true } as const
  const block = { ...where, role }
  const span = retrainingSpanOf(problem, block)
  return span !== null && span.warmUpSlots < problem.slotCount ? [block] : []
}

/** Its profile is still allowed, and nothing of it is blocked. */
function mayStay(problem: PlanningProblem, { gpu, profileId, start }: InstancePlace): boolean {
  const own = problem.gpus[gpu]
  if (own === undefined || !own.profileIds.includes(profileId)) return false
  const mask = sliceMask(profileById(own.model, profileId), start)
  return own.blocked.every(({ start: from, size }) => (mask & (((1 << size) - 1) << from)) === 0)
}
