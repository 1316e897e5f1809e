import type { Tenure } from '../core/plan/plan.ts'
import type { ExecutorState, InstanceState, WorkerState } from './executor-state.ts'

/**
 * Two entries on one GPU instance: the _host_, whose worker was there first, and the _guest_, whose
 * worker takes over from it. The one that is left in the end is the GPU instance's own.
 */

export function guestOf(state: ExecutorState, { id }: InstanceState): InstanceState | null {
  return state.instances.find(({ besides }) => besides === id) ?? null
}

export function hostOf(state: ExecutorState, { besides }: InstanceState): InstanceState | null {
  if (besides === undefined) return null
  return state.instances.find(({ id }) => id === besides) ?? null
}

/** Who else is on its GPU instance. */
export function partnerOf(state: ExecutorState, instance: InstanceState): InstanceState | null {
  return hostOf(state, instance) ?? guestOf(state, instance)
}

/** One entry for each GPU instance that there is: of two on one, the host's. */
export function gpuInstances(instances: readonly InstanceState[]): readonly InstanceState[] {
  return instances.filter(({ besides }) => besides === undefined)
}

/** The instance as the only one on its GPU instance. */
export function alone({ besides: _left, ...instance }: InstanceState): InstanceState {
  return instance
}

/** It has begun what it is there for, and has not been told to end it. */
export function isAtWork(worker: WorkerState | null): boolean {
  if (worker?.kind === 'inference') {
    return worker.phase === 'serving' || worker.phase === 'switching'
  }
  return worker?.phase === 'training'
}

export function isLeaving(worker: WorkerState): boolean {
  switch (worker.phase) {
    case 'draining':
    case 'drained':
    case 'checkpointing':
    case 'checkpointed':
    case 'finished':
    case 'stopping':
      return true
    default:
      return false
  }
}

/** Whether that worker is what the tenure wants, and goes on. */
export function holds(worker: WorkerState | null, { tenant, role }: Tenure): boolean {
  return worker?.tenant === tenant && worker.kind === role.kind && !isLeaving(worker)
}

/**
 * Of two workers on one GPU instance the one that it counts for: the second one once it is at work,
 * or takes over in a moment, or the first one is going.
 */
export function mainOf(host: InstanceState, guest: InstanceState): InstanceState {
  const { worker } = guest
  if (worker === null || isLeaving(worker)) return host
  const isComing = isAtWork(worker) || worker.phase === 'cutting-over'
  return isComing || host.worker === null || isLeaving(host.worker) ? guest : host
}

/** Of the two the one that does something with the GPU instance, as far as one does. */
export function holderOf(host: InstanceState, guest: InstanceState): InstanceState {
  if (isAtWork(guest.worker)) return guest
  return isAtWork(host.worker) ? host : mainOf(host, guest)
}
