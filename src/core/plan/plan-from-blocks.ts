import { must } from '../../base/assert.ts'
import type { MigShare, MpsShare, Plan, PlannedInstance, Role, Tenure } from './plan.ts'
import type { PlanningProblem, PlanningTenant, RunningInstance } from './problem.ts'
import { classIndexOf, slotStartSeconds } from './slots.ts'
import { stateHash } from './state-hash.ts'
import {
  continuedRetrainingSpan,
  inferenceServesFromSlot,
  newRetrainingSpan,
  type RetrainingSpan,
  restartedRetrainingSpan,
} from './warm-up.ts'

/** Where a GPU instance can lie: a GPU, a profile and a start in memory slices. */
export type InstancePlace = {
  readonly gpu: number
  readonly profileId: number
  readonly start: number
}

/**
 * A place held by one tenant in slots [fromSlot, untilSlot). A retraining is held for as long as it
 * takes, so its `untilSlot` is left out.
 */
export type Block = {
  readonly place: InstancePlace
  readonly tenantIndex: number
  readonly fromSlot: number
} & (
  | { readonly role: Extract<Role, { kind: 'inference' }>; readonly untilSlot: number }
  | { readonly role: Extract<Role, { kind: 'retraining' }> }
)

/** V and L of that retraining, or null where it cannot be. */
export function retrainingSpanOf(
  problem: PlanningProblem,
  block: Extract<Block, { role: { kind: 'retraining' } }>,
): RetrainingSpan | null {
  const tenant = must(problem.tenants[block.tenantIndex])
  const classIndex = classIndexOf(problem, block.place.gpu, block.place.profileId)
  if (block.role.resumes) {
    return isContinued(problem, tenant, block)
      ? continuedRetrainingSpan(problem, tenant, classIndex)
      : restartedRetrainingSpan(problem, tenant, classIndex)
  }
  const { configurationId } = block.role
  const forecast = tenant.retraining.find((own) => own.configurationId === configurationId)
  return forecast === undefined ? null : newRetrainingSpan(problem, tenant, forecast, classIndex)
}

/**
 * The overhead-aware plan that holds these blocks. Blocks on one place share an instance, and the
 * first ones continue what runs there, unless another block uses the slices in between.
 */
export function planFromBlocks(
  problem: PlanningProblem,
  policy: string,
  blocks: readonly Block[],
): Plan {
  const { startSeconds, slotCount } = problem
  return {
    policy,
    mechanism: problem.gpus.some(({ model }) => model.sharing) ? 'mps' : 'mig',
    startSeconds,
    endSeconds: slotStartSeconds(problem, slotCount),
    stateHash: stateHash(problem),
    overhead: 'aware',
    instances: instanceGroups(problem, blocks).map((group) => instanceOf(problem, group)),
  }
}

type HeldBlock = {
  readonly block: Block
  readonly span: RetrainingSpan | null
  readonly untilSlot: number
}

type InstanceGroup = {
  readonly place: InstancePlace
  readonly running: RunningInstance | null
  readonly held: HeldBlock[]
}

function instanceGroups(
  problem: PlanningProblem,
  blocks: readonly Block[],
): readonly InstanceGroup[] {
  const all = blocks.map((block) => heldBlock(problem, block))
  all.sort((a, b) => a.block.fromSlot - b.block.fromSlot)
  const groups: InstanceGroup[] = []
  const latest = new Map<string, InstanceGroup>()
  for (const held of all) {
    const { place, fromSlot } = held.block
    const key = `${place.gpu} ${place.profileId} ${place.start}`
    const before = latest.get(key)
    const running = runningAt(problem, place)
    const since = before === undefined ? 0 : must(before.held.at(-1)).untilSlot
    const isFree = !all.some((other) => usesBetween(problem, other, place, [since, fromSlot]))
    if (before !== undefined && isFree) {
      before.held.push(held)
      continue
    }
    const continues = before === undefined && isFree ? running : null
    const group = { place, running: continues, held: [held] }
    latest.set(key, group)
    groups.push(group)
  }
  return groups
}

function heldBlock(problem: PlanningProblem, block: Block): HeldBlock {
  if (!isRetraining(block)) return { block, span: null, untilSlot: block.untilSlot }
  const span = must(retrainingSpanOf(problem, block), 'A block retrains where it cannot')
  return { block, span, untilSlot: block.fromSlot + span.slots }
}

/** Whether a block on another place holds some of these slices in slots [from, until). */
function usesBetween(
  problem: PlanningProblem,
  other: HeldBlock,
  place: InstancePlace,
  [from, until]: readonly [number, number],
): boolean {
  const theirs = other.block.place
  if (theirs.gpu !== place.gpu) return false
  if (theirs.profileId === place.profileId && theirs.start === place.start) return false
  if (other.block.fromSlot >= until || other.untilSlot <= from) return false
  const size = sizeOf(problem, place)
  return theirs.start < place.start + size && place.start < theirs.start + sizeOf(problem, theirs)
}

function sizeOf(problem: PlanningProblem, { gpu, profileId }: InstancePlace): number {
  const { model } = must(problem.gpus[gpu])
  return must(model.profiles.find((own) => own.profileId === profileId)).size
}

function instanceOf(problem: PlanningProblem, group: InstanceGroup): PlannedInstance {
  const { place, running, held } = group
  return {
    id: running?.id ?? newInstanceId(problem, place, must(held[0]).block.fromSlot),
    gpu: place.gpu,
    share: shareOf(problem, place),
    existing: running?.id ?? null,
    tenures: held.map((own) => tenureOf(problem, own, running)),
  }
}

function shareOf(problem: PlanningProblem, place: InstancePlace): MigShare | MpsShare {
  const { gpu, profileId, start } = place
  const { sharing } = must(problem.gpus[gpu]).model
  if (sharing === undefined) return { kind: 'mig', profileId, start }
  return { kind: 'mps', percent: profileId, client: start }
}

/** GPU, profile, start and the second of its creation: no other instance ever has the same. */
export function newInstanceId(
  problem: PlanningProblem,
  { gpu, profileId, start }: InstancePlace,
  fromSlot: number,
): string {
  const { id, model } = must(problem.gpus[gpu])
  const { name } = must(model.profiles.find((own) => own.profileId === profileId))
  return `${id}/${name}@${start}/${slotStartSeconds(problem, fromSlot)}`
}

function tenureOf(
  problem: PlanningProblem,
  { block, span, untilSlot }: HeldBlock,
  running: RunningInstance | null,
): Tenure {
  const at = (slot: number) => slotStartSeconds(problem, slot)
  const tenant = must(problem.tenants[block.tenantIndex])
  const serveFromSlot =
    span === null
      ? inferenceServesFromSlot(problem, tenant, block.fromSlot, running)
      : block.fromSlot + span.warmUpSlots
  return {
    tenant: tenant.id,
    role: block.role,
    initialiseFromSeconds: at(block.fromSlot),
    serveFromSeconds: at(serveFromSlot),
    until:
      span === null
        ? { kind: 'time', atSeconds: at(untilSlot) }
        : {
            kind: 'retraining-done',
            expectedSeconds: at(untilSlot),
            latestSeconds: at(untilSlot + overrunSlots(span)),
          },
  }
}

/** How far a retraining may overrun before it causes a new plan: a quarter of its work. */
function overrunSlots({ slots, warmUpSlots }: RetrainingSpan): number {
  return Math.ceil((slots - warmUpSlots) / 4)
}

function runningAt(problem: PlanningProblem, place: InstancePlace): RunningInstance | null {
  const found = problem.running.find(
    ({ gpu, profileId, start }) =>
      gpu === place.gpu && profileId === place.profileId && start === place.start,
  )
  return found ?? null
}

function isContinued(problem: PlanningProblem, tenant: PlanningTenant, block: Block): boolean {
  const running = runningAt(problem, block.place)
  const hostId = tenant.underWay?.instanceId ?? null
  return block.fromSlot === 0 && running !== null && running.id === hostId
}

function isRetraining(block: Block): block is Extract<Block, { role: { kind: 'retraining' } }> {
  return block.role.kind === 'retraining'
}
