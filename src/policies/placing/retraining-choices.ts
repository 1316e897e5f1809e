import { must } from '../../base/assert.ts'
import type { RetrainingForecast } from '../../core/forecast.ts'
import { profileById } from '../../core/mig/gpu-model.ts'
import { sliceMask } from '../../core/mig/placement.ts'
import { type Block, retrainingSpanOf } from '../../core/plan/plan-from-blocks.ts'
import type { PlanningProblem, RunningInstance } from '../../core/plan/problem.ts'
import {
  inferenceWarmUpSlots,
  newRetrainingSpan,
  restartedRetrainingSpan,
} from '../../core/plan/warm-up.ts'

export type RetrainingBlock = Extract<Block, { role: { kind: 'retraining' } }>

/** A way to retrain that a tenant may begin now: a configuration, or its waiting checkpoint. */
export type RetrainingChoice = {
  readonly forecast: RetrainingForecast
  readonly resumes: boolean
}

/** Retrainings that run and go on where they are: nothing is gained by moving one. */
export function continuedBlocks(problem: PlanningProblem): readonly RetrainingBlock[] {
  return problem.tenants.flatMap((tenant, tenantIndex): readonly RetrainingBlock[] => {
    const host = problem.running.find(({ id }) => id === tenant.underWay?.instanceId)
    if (host === undefined || isOnBlocked(problem, host)) return []
    const { configurationId } = must(tenant.underWay).forecast
    const { gpu, profileId, start } = host
    const role = { kind: 'retraining', configurationId, resumes: true } as const
    const block = { place: { gpu, profileId, start }, tenantIndex, fromSlot: 0, role }
    return mayRun(problem, block) ? [block] : []
  })
}

function isOnBlocked(problem: PlanningProblem, host: RunningInstance): boolean {
  const { model, blocked } = must(problem.gpus[host.gpu])
  const mask = sliceMask(profileById(model, host.profileId), host.start)
  return blocked.some(({ start, size }) => (mask & (((1 << size) - 1) << start)) !== 0)
}

/** What the tenant may begin; nothing while one of its retrainings runs. */
export function retrainingChoices(
  problem: PlanningProblem,
  tenantIndex: number,
): readonly RetrainingChoice[] {
  const { underWay, retraining } = must(problem.tenants[tenantIndex])
  if (underWay === null) return retraining.map((forecast) => ({ forecast, resumes: false }))
  return underWay.instanceId === null ? [{ forecast: underWay.forecast, resumes: true }] : []
}

/** Slots from its start to its end on that class, warm-up included; null where it cannot run. */
export function slotsToRetrain(
  problem: PlanningProblem,
  tenantIndex: number,
  { forecast, resumes }: RetrainingChoice,
  classIndex: number,
): number | null {
  const tenant = must(problem.tenants[tenantIndex])
  const span = resumes
    ? restartedRetrainingSpan(problem, tenant, classIndex)
    : newRetrainingSpan(problem, tenant, forecast, classIndex)
  return span?.slots ?? null
}

/** (3) It can run there, and ends inside or has begun its work by the end. */
export function mayRun(problem: PlanningProblem, block: RetrainingBlock): boolean {
  const span = retrainingSpanOf(problem, block)
  if (span === null || block.fromSlot >= problem.slotCount) return false
  const isInside = block.fromSlot + span.slots <= problem.slotCount
  return isInside || block.fromSlot + span.warmUpSlots < problem.slotCount
}

/**
 * A retraining, and then inference of the same tenant on the same instance for the rest of the
 * problem where that still serves.
 */
export function withSuccessor(problem: PlanningProblem, block: RetrainingBlock): readonly Block[] {
  const span = must(retrainingSpanOf(problem, block))
  const { place, tenantIndex } = block
  const tenant = must(problem.tenants[tenantIndex])
  const fromSlot = block.fromSlot + span.slots
  const isServed = fromSlot + inferenceWarmUpSlots(problem, tenant) < problem.slotCount
  if (!isServed || !canServe(problem, block)) return [block]
  const untilSlot = problem.slotCount
  return [block, { place, tenantIndex, fromSlot, untilSlot, role: { kind: 'inference' } }]
}

/** Whether the block's tenant can serve on its place. */
export function canServe(
  problem: PlanningProblem,
  { place, tenantIndex }: Pick<Block, 'place' | 'tenantIndex'>,
): boolean {
  const modelId = must(problem.gpus[place.gpu]).model.id
  const k = problem.classes.findIndex(
    (own) => own.gpuModelId === modelId && own.profileId === place.profileId,
  )
  return (problem.tenants[tenantIndex]?.serving[k] ?? null) !== null
}
