import { must } from '../base/assert.ts'
import {
  type ExecutorState,
  findInstance,
  type InferenceWorker,
  type InstanceState,
  withInstance,
} from './executor-state.ts'
import { alone, guestOf, holds, hostOf, isAtWork, isLeaving, partnerOf } from './pairs.ts'
import { type Step, step } from './step.ts'
import { takerOf } from './tenure-ends.ts'
import {
  currentTenure,
  desiredTenure,
  isDue,
  isNext,
  routedFromSeconds,
  tenureAfter,
} from './tenures.ts'

/**
 * Makes room on a GPU instance for the next tenure's worker while the one before still holds it.
 * The plan says that memory holds both; while a version is loaded there may be a third in it.
 */
export function shareInstance(state: ExecutorState): Step | null {
  const { accepted } = state
  if (accepted === null) return null
  for (const [index, own] of accepted.progress.entries()) {
    const host = own.instanceId === null ? undefined : findInstance(state, own.instanceId)
    const isFree = host?.phase === 'live' && partnerOf(state, host) === null
    if (!isFree || own.nextInstanceId != null) continue
    const before = currentTenure(state, index)
    if (before === null || !holds(host.worker, before) || isSwitching(host)) continue
    if (takerOf(state, index) === null) continue
    const id = `gpu${host.gpu}/${host.profileId}@${host.start}#${state.instancesMade + 1}`
    const since = { sinceSeconds: state.nowSeconds, idleSinceSeconds: state.nowSeconds }
    const guest: InstanceState = { ...host, ...since, id, worker: null, besides: host.id }
    const progress = accepted.progress.map((each) =>
      each === own ? { ...own, nextInstanceId: id } : each,
    )
    const shared: ExecutorState = {
      ...state,
      instances: [...state.instances, guest],
      instancesMade: state.instancesMade + 1,
      accepted: { ...accepted, progress },
    }
    return step(shared, { kind: 'share-instance', instanceId: id, with: host.id })
  }
  return null
}

/** Leaves a shared GPU instance to one of the two where the other has ended for good. */
export function leaveInstance(state: ExecutorState): Step | null {
  for (const guest of state.instances) {
    const host = hostOf(state, guest)
    if (host === null) continue
    const ended = [guest, host].find(
      (own) => own.worker === null && desiredTenure(state, own) === null,
    )
    if (ended === undefined) continue
    const left = ended === guest ? host : guest
    const instances = state.instances.filter((own) => own !== ended)
    const effect = { kind: 'leave-instance', instanceId: ended.id, to: left.id } as const
    return step(withInstance({ ...state, instances }, alone(left)), effect)
  }
  return null
}

/** Beside a worker only who was made room for is started; what else is to come there waits. */
export function mayStart(state: ExecutorState, instance: InstanceState): boolean {
  const partner = partnerOf(state, instance)
  return partner === null || partner.worker === null || isNext(state, instance)
}

/**
 * Whether a ready worker may take traffic. Who takes over from inference that goes on waits until
 * it is about to serve by the plan; who takes over from a retraining until that is gone.
 */
export function mayRoute(state: ExecutorState, instance: InstanceState): boolean {
  const host = hostOf(state, instance)
  if (host === null) return !isTakenOver(state, instance)
  if (host.worker === null) return true
  if (host.worker.kind === 'retraining' || isSwitching(host)) return false
  if (host.worker.phase === 'cutting-over') return false
  // Whoever is no longer wanted is told to go before; without a plan both stay as they are.
  if (!isNext(state, instance)) return isLeaving(host.worker)
  const { accepted } = state
  const index = must(accepted).progress.findIndex(
    ({ nextInstanceId }) => nextInstanceId === instance.id,
  )
  return isDue(state, routedFromSeconds(state, must(tenureAfter(must(accepted), index))))
}

/** Whether somebody is about to have its GPU instance, so that it begins nothing new on it. */
export function isTakenOver(state: ExecutorState, instance: InstanceState): boolean {
  const guest = guestOf(state, instance)?.worker ?? null
  if (guest?.kind !== 'inference') return false
  return isAtWork(guest) || guest.phase === 'cutting-over'
}

function isSwitching({ worker }: InstanceState): boolean {
  const phase: InferenceWorker['phase'] | null = worker?.kind === 'inference' ? worker.phase : null
  return phase === 'switching'
}
