import { must } from '../base/assert.ts'
import type { GpuModel } from '../core/mig/gpu-model.ts'
import {
  type ExecutorState,
  findInstance,
  type GpuState,
  type InferenceWorker,
  type InstanceState,
  tenantOf,
} from './executor-state.ts'
import { holdsTogether } from './instance-memory.ts'
import { partnerOf } from './pairs.ts'
import { claimOf, currentTenure } from './tenures.ts'

/** What a shared GPU has for all its workers together; null where it is not shared, or unknown. */
export function sharedMemoryMiB({ sharing, profiles }: GpuModel): number | null {
  if (sharing === undefined) return null
  const sizes = profiles.flatMap(({ memoryMiB }) => memoryMiB ?? [])
  return sizes.length === 0 ? null : Math.max(...sizes)
}

/** Whether one more worker fits beside those that are on the GPU. */
export function hasMemoryFor(
  state: ExecutorState,
  gpu: number,
  worker: { readonly tenant: string; readonly kind: 'inference' | 'retraining' },
): boolean {
  const memoryMiB = sharedMemoryMiB(must(state.gpus[gpu]).model)
  if (memoryMiB === null) return true
  const workers = state.instances.flatMap((own) => (own.gpu === gpu ? (own.worker ?? []) : []))
  const needMiB = [...workers, worker].reduce((sum, own) => sum + needOf(state, own), 0)
  return needMiB <= memoryMiB
}

function needOf(
  state: ExecutorState,
  { tenant, kind }: { readonly tenant: string; readonly kind: 'inference' | 'retraining' },
): number {
  const { inferenceMiB, retrainingMiB } = tenantOf(state, tenant).memory
  return (kind === 'inference' ? inferenceMiB : retrainingMiB) ?? 0
}

/**
 * Whether a GPU instance holds the next version of a tenant beside the one that serves, and the
 * policy makes first. Shares have no memory of their own: there it goes first.
 */
export function holdsTwoVersions(
  state: ExecutorState,
  instance: InstanceState,
  tenant: string,
): boolean {
  const { model } = must(state.gpus[instance.gpu])
  if (state.handover !== 'make-first' || partnerOf(state, instance) !== null) return false
  const own = { tenant, kind: 'inference' } as const
  return holdsTogether(state.instanceMemory, { ...instance, model }, [own, own])
}

/** Whether percentages there may add up to more than the GPU for a while. */
export function isMadeFirst(state: ExecutorState, gpu: number): boolean {
  return state.handover === 'make-first' && must(state.gpus[gpu]).model.sharing !== undefined
}

/** Whether a worker that the plan no longer wants still waits for one of its tenant to serve. */
export function isHandingOver(
  state: ExecutorState,
  instance: InstanceState,
  worker: InferenceWorker,
): boolean {
  const { accepted } = state
  if (accepted === null || !isMadeFirst(state, instance.gpu)) return false
  if (worker.phase !== 'serving' && worker.phase !== 'switching') return false
  return accepted.plan.instances.some((planned, index) => {
    const tenure = currentTenure(state, index)
    if (tenure?.role.kind !== 'inference' || tenure.tenant !== worker.tenant) return false
    const id = accepted.progress[index]?.instanceId ?? null
    const successor = id === null ? undefined : findInstance(state, id)
    if (successor === instance) return false
    const own = successor?.worker ?? null
    if (own === null) return hasMemoryFor(state, planned.gpu, worker)
    return own.kind === 'inference' && own.tenant === worker.tenant && isComing(own)
  })
}

function isComing({ phase }: InferenceWorker): boolean {
  return phase === 'starting' || phase === 'ready' || phase === 'cutting-over'
}

/** Clients that the plan wants there, whose percentages are those that count. */
export function wantedBeside(
  state: ExecutorState,
  here: readonly InstanceState[],
): readonly InstanceState[] {
  return here.filter(({ id }) => claimOf(state, id) !== null)
}

/** A client's seat, or where that is taken any other: seats mean nothing. Null: all are taken. */
export function freeSeat(
  { model, blocked }: GpuState,
  here: readonly InstanceState[],
  planned: number,
): number | null {
  const seats = [planned, ...Array.from({ length: model.memorySlices }, (_, seat) => seat)]
  const isFree = (seat: number): boolean =>
    [...here, ...blocked].every(({ start }) => start !== seat)
  return seats.find(isFree) ?? null
}
