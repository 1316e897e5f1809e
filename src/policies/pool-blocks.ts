import { must } from '../base/assert.ts'
import type { RetrainingForecast } from '../core/forecast.ts'
import { type Block, retrainingSpanOf } from '../core/plan/plan-from-blocks.ts'
import type { PlanningProblem, PlanningTenant, RunningInstance } from '../core/plan/problem.ts'
import { classIndexOf } from '../core/plan/slots.ts'
import {
  accuracyPerSlot,
  answersPerSlot,
  type RetrainingInPlan,
  terminalAccuracy,
  terminalWeight,
} from '../core/plan/value.ts'
import { fillPool, type PoolOffer } from './fill-pool.ts'
import type { FixedInstance } from './fixed-instance.ts'

type PoolInstance = FixedInstance & { readonly use: { readonly kind: 'pool' } }
type RetrainingBlock = Extract<Block, { role: { kind: 'retraining' } }>

/**
 * The retrainings that the pool does in this problem, beside that inference. One under way goes on
 * where it runs; then the pool is filled by gain.
 */
export function poolBlocks(
  problem: PlanningProblem,
  inference: readonly Block[],
  layout: readonly FixedInstance[],
): readonly Block[] {
  const pool = layout.filter((own): own is PoolInstance => own.use.kind === 'pool')
  const continued = pool.map((own) => continuedBlock(problem, own))
  const busy = continued.map((block) => {
    return block === null ? 0 : must(retrainingSpanOf(problem, block)).slots
  })
  const running = new Set(continued.map((block) => block?.tenantIndex))
  const tenants = problem.tenants.map((_, index) => index).filter((index) => !running.has(index))
  const answers = problem.tenants.map((tenant, index) =>
    answersPerSlot(problem, tenant, servingCounts(problem, inference, index)),
  )
  const jobs = fillPool(busy, tenants, (instance, tenant, fromSlot) => {
    const { use, place } = must(pool[instance])
    if (!use.tenants.includes(tenant)) return []
    return blocksFrom(problem, { place, tenantIndex: tenant, fromSlot }).flatMap(
      (block, configuration) => offer(problem, block, configuration, must(answers[tenant])),
    )
  })
  const begun = jobs.map(({ instance, tenant, fromSlot, configuration }) => {
    const { place } = must(pool[instance])
    return must(blocksFrom(problem, { place, tenantIndex: tenant, fromSlot })[configuration])
  })
  return [...continued.filter((block) => block !== null), ...begun]
}

/** What a retraining adds to objective and terminal value, with these answers in each slot. */
export function retrainingGain(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  answers: readonly number[],
  retraining: RetrainingInPlan,
): number {
  const after = accuracyPerSlot(problem, tenant, retraining)
  const correct = answers.reduce((sum, rps, t) => {
    return sum + rps * (must(after[t]) - must(tenant.accuracyDeployed[t]))
  }, 0)
  const later = terminalAccuracy(problem, tenant, retraining) - tenant.accuracyTerminal
  const inside = tenant.valuePerAnswer * problem.slotSeconds * correct
  return inside + terminalWeight(problem, tenant) * later
}

function continuedBlock(problem: PlanningProblem, pool: PoolInstance): RetrainingBlock | null {
  const running = problem.running.find((own) => isAt(own, pool))
  if (running === undefined) return null
  const tenantIndex = problem.tenants.findIndex(({ underWay }) => {
    return underWay !== null && underWay.instanceId === running.id
  })
  if (tenantIndex < 0) return null
  const [block] = blocksFrom(problem, { place: pool.place, tenantIndex, fromSlot: 0 })
  return block !== undefined && mayBegin(problem, block) ? block : null
}

type Where = Pick<RetrainingBlock, 'place' | 'tenantIndex' | 'fromSlot'>

/** One block a configuration that the tenant may begin, or the one it has under way. */
function blocksFrom(problem: PlanningProblem, where: Where): readonly RetrainingBlock[] {
  return forecastsOf(problem, where).map(({ configurationId }) => {
    const { underWay } = must(problem.tenants[where.tenantIndex])
    return { ...where, role: { kind: 'retraining', configurationId, resumes: underWay !== null } }
  })
}

function forecastsOf(problem: PlanningProblem, where: Where): readonly RetrainingForecast[] {
  const { underWay, retraining } = must(problem.tenants[where.tenantIndex])
  return underWay === null ? retraining : [underWay.forecast]
}

function offer(
  problem: PlanningProblem,
  block: RetrainingBlock,
  configuration: number,
  answers: readonly number[],
): readonly PoolOffer[] {
  if (!mayBegin(problem, block)) return []
  const span = must(retrainingSpanOf(problem, block))
  const tenant = must(problem.tenants[block.tenantIndex])
  const forecast = must(forecastsOf(problem, block)[configuration])
  const doneSlot = block.fromSlot + span.slots
  const workFromSlot = block.fromSlot + span.warmUpSlots
  const gain = retrainingGain(problem, tenant, answers, { forecast, doneSlot, workFromSlot })
  return [{ configuration, doneSlot, gain }]
}

/** (3, 4) It can run there, ends inside or has begun its work, and does not restart in place. */
function mayBegin(problem: PlanningProblem, block: RetrainingBlock): boolean {
  const span = retrainingSpanOf(problem, block)
  if (span === null || block.fromSlot >= problem.slotCount) return false
  const { fromSlot, tenantIndex, place } = block
  const hostId = problem.tenants[tenantIndex]?.underWay?.instanceId ?? null
  const host = problem.running.find(({ id }) => id === hostId)
  const isInPlace = host !== undefined && isAt(host, { place })
  if (isInPlace && fromSlot > 0) return false
  const crosses = fromSlot + span.slots > problem.slotCount
  return !crosses || fromSlot + span.warmUpSlots < problem.slotCount
}

function isAt(running: RunningInstance, { place }: Pick<FixedInstance, 'place'>): boolean {
  const { gpu, profileId, start } = place
  return running.gpu === gpu && running.profileId === profileId && running.start === start
}

function servingCounts(
  problem: PlanningProblem,
  inference: readonly Block[],
  tenant: number,
): readonly (readonly number[])[] {
  const counts = problem.classes.map(() => 0)
  for (const { place, tenantIndex } of inference) {
    const k = classIndexOf(problem, place.gpu, place.profileId)
    if (tenantIndex === tenant) counts[k] = must(counts[k]) + 1
  }
  return Array.from({ length: problem.slotCount }, () => counts)
}
