import { must } from '../base/assert.ts'
import { expectedEndSeconds, type PlannedInstance, placeOfShare } from '../core/plan/plan.ts'
import {
  type ExecutorState,
  findInstance,
  type InstanceProgress,
  type InstanceState,
} from './executor-state.ts'
import { gpuInstances, guestOf, holds, hostOf } from './pairs.ts'
import { currentTenure, isDue, nextTenure, toleranceSeconds } from './tenures.ts'

/** Forgets GPU instances that are going, and claims those that lie where one is planned. */
export function bindInstances(state: ExecutorState): ExecutorState | null {
  const { accepted } = state
  if (accepted === null) return null
  const progress = accepted.progress.map((own) => withoutGone(state, own))
  const order = progress
    .map((own, index) => ({ own, index, next: nextTenure(accepted, index) }))
    .filter(({ own, next }) => own.instanceId === null && next !== null)
    .sort((a, b) => must(a.next).initialiseFromSeconds - must(b.next).initialiseFromSeconds)
  const isClaimed = (host: InstanceState): boolean => {
    const ids = [host.id, guestOf(state, host)?.id]
    return progress.some(
      ({ instanceId }, i) => ids.includes(instanceId ?? '') && nextTenure(accepted, i) !== null,
    )
  }
  for (const { index } of order) {
    const planned = must(accepted.plan.instances[index])
    const free = gpuInstances(state.instances).filter(
      (own) => own.phase !== 'destroying' && !isClaimed(own),
    )
    const found =
      free.find((instance) => liesAt(instance, planned)) ??
      free.find((instance) => isAlike(state, instance, { planned, index }))
    const { tenureIndex } = must(progress[index])
    if (found !== undefined) {
      progress[index] = { tenureIndex, ...entriesFor(state, found, { planned, tenureIndex }) }
    }
  }
  if (progress.every((own, index) => own === accepted.progress[index])) return null
  return { ...state, accepted: { ...accepted, progress } }
}

/**
 * Which entry of a GPU instance stands for a planned one, where two workers share it: the one whose
 * worker the plan goes on with. Who waits there for what comes directly after stays, too.
 */
export function entriesFor(
  state: ExecutorState,
  instance: InstanceState,
  of: { readonly planned: PlannedInstance; readonly tenureIndex: number },
): Omit<InstanceProgress, 'tenureIndex'> {
  const host = hostOf(state, instance) ?? instance
  const guest = guestOf(state, host)
  const [first, second] = of.planned.tenures.slice(of.tenureIndex)
  if (guest === null || first === undefined) return { instanceId: host.id }
  if (!holds(host.worker, first)) {
    return { instanceId: holds(guest.worker, first) ? guest.id : host.id }
  }
  if (second === undefined || !holds(guest.worker, second)) return { instanceId: host.id }
  const follows = expectedEndSeconds(first) >= second.initialiseFromSeconds - toleranceSeconds
  const mayStay = second.role.kind === 'inference' || isDue(state, second.initialiseFromSeconds)
  return { instanceId: host.id, nextInstanceId: follows && mayStay ? guest.id : null }
}

function withoutGone(state: ExecutorState, own: InstanceProgress): InstanceProgress {
  const { instanceId, nextInstanceId = null, tenureIndex } = own
  if (isGone(state, instanceId)) return { instanceId: null, tenureIndex }
  return isGone(state, nextInstanceId) ? { instanceId, tenureIndex } : own
}

function isGone(state: ExecutorState, id: string | null): boolean {
  if (id === null) return false
  const instance = findInstance(state, id)
  return instance === undefined || instance.phase === 'destroying'
}

function liesAt(instance: InstanceState, planned: PlannedInstance): boolean {
  const { profileId, start } = placeOfShare(planned.share)
  return (
    instance.gpu === planned.gpu && instance.profileId === profileId && instance.start === start
  )
}

/** Seats of shares mean nothing: a tenant's worker with the share it is to have now will do. */
function isAlike(
  state: ExecutorState,
  { gpu, profileId, worker }: InstanceState,
  { planned, index }: { readonly planned: PlannedInstance; readonly index: number },
): boolean {
  const { share } = planned
  if (share.kind !== 'mps' || gpu !== planned.gpu || profileId !== share.percent) return false
  const tenure = currentTenure(state, index)
  return worker?.kind === 'inference' && worker.tenant === tenure?.tenant
}
