import { assert, must } from '../../base/assert.ts'
import { hash64 } from '../../base/hash.ts'
import { remainingCapacity } from '../../core/mig/capacity.ts'
import { findGpuModel } from '../../core/mig/catalog.ts'
import type { GpuModel } from '../../core/mig/gpu-model.ts'
import { type Layout, layoutFrom, place } from '../../core/mig/layout.ts'
import type {
  ComputeInstance,
  GpuInstance,
  GpuInstanceProfileInfo,
  MigMode,
  MigModeChange,
  Placement,
} from '../device.ts'
import type { ErrorCode } from '../return-codes.ts'
import { computeProfilesOf } from './compute-profiles.ts'

/** One GPU and what is on it, as plain data. Instances are ordered by where they start. */
export type SimulatedGpu = {
  readonly modelId: string
  readonly uuid: string
  readonly index: number
  readonly pciBusId: string
  readonly currentMode: MigMode
  readonly pendingMode: MigMode
  readonly isLost: boolean
  readonly instances: readonly GpuInstance[]
  readonly clients: readonly Client[]
  /** Destroys still refused although nobody is there any more, as NVML does for a while. */
  readonly lingering: number
}

/** Whoever holds a GPU, a GPU instance or a compute instance; a monitor is no process on it. */
export type Client = {
  readonly pid: number
  readonly gpuInstanceId: number | null
  readonly computeInstanceId: number | null
  readonly memoryMiB: number
  readonly isMonitor: boolean
}

/** What NVML would answer: the GPU afterwards, or the code of the refusal and the GPU as it was. */
export type Answer<T> =
  | { readonly kind: 'done'; readonly gpu: SimulatedGpu; readonly value: T }
  | { readonly kind: 'refused'; readonly gpu: SimulatedGpu; readonly code: ErrorCode }

export function modelOf(gpu: SimulatedGpu): GpuModel {
  return must(findGpuModel(gpu.modelId), `No GPU model ${gpu.modelId}`)
}

/** As the driver would tell them, in the model's order. */
export function profilesOf(model: GpuModel): readonly GpuInstanceProfileInfo[] {
  return model.profiles.map((profile) => ({
    profileId: profile.profileId,
    name: profile.name,
    attribute: profile.attribute,
    sliceCount: profile.computeSlices,
    instanceCount: profile.instanceCountMax,
    multiprocessorCount: profile.multiprocessorCount,
    memoryMiB: profile.memoryMiB,
    possiblePlacements: profile.starts.map((start) => ({ start, size: profile.size })),
  }))
}

export function createGpuInstance(
  gpu: SimulatedGpu,
  wanted: { readonly profileId: number; readonly placement: Placement },
): Answer<GpuInstance> {
  if (gpu.isLost) return refused(gpu, 'NVML_ERROR_GPU_IS_LOST')
  if (gpu.currentMode === 'disabled') return refused(gpu, 'NVML_ERROR_NOT_SUPPORTED')
  const { profileId, placement } = wanted
  const model = modelOf(gpu)
  const profile = model.profiles.find((own) => own.profileId === profileId)
  const isPossible = profile?.size === placement.size && profile.starts.includes(placement.start)
  if (profile === undefined || !isPossible) return refused(gpu, 'NVML_ERROR_INVALID_ARGUMENT')
  if (place(layoutOf(gpu), profile, placement.start).kind !== 'placed') {
    return refused(gpu, 'NVML_ERROR_INSUFFICIENT_RESOURCES')
  }
  // The first GPU instance switches partitioning on, which needs a GPU without any client.
  if (gpu.instances.length === 0 && gpu.clients.length > 0) return refused(gpu, 'NVML_ERROR_IN_USE')
  const id = gpuInstanceId(model, placement)
  const instance = { id, profileId, placement: { ...placement }, computeInstances: [] }
  const instances = [...gpu.instances, instance].sort(
    (a, b) => a.placement.start - b.placement.start,
  )
  return { kind: 'done', gpu: { ...gpu, instances }, value: instance }
}

export function destroyGpuInstance(gpu: SimulatedGpu, id: number): Answer<null> {
  if (gpu.isLost) return refused(gpu, 'NVML_ERROR_GPU_IS_LOST')
  const instance = gpu.instances.find((own) => own.id === id)
  if (instance === undefined) return refused(gpu, 'NVML_ERROR_NOT_FOUND')
  const isHeld = gpu.clients.some((client) => client.gpuInstanceId === id)
  if (instance.computeInstances.length > 0 || isHeld) return refused(gpu, 'NVML_ERROR_IN_USE')
  if (gpu.lingering > 0) {
    return refused({ ...gpu, lingering: gpu.lingering - 1 }, 'NVML_ERROR_IN_USE')
  }
  const instances = gpu.instances.filter((own) => own !== instance)
  return { kind: 'done', gpu: { ...gpu, instances }, value: null }
}

export function createComputeInstance(
  gpu: SimulatedGpu,
  id: number,
  wanted: { readonly profileId: number; readonly placement: Placement },
): Answer<ComputeInstance> {
  if (gpu.isLost) return refused(gpu, 'NVML_ERROR_GPU_IS_LOST')
  const instance = gpu.instances.find((own) => own.id === id)
  if (instance === undefined) return refused(gpu, 'NVML_ERROR_NOT_FOUND')
  const { profileId, placement } = wanted
  const slices = computeSlicesOf(gpu, instance)
  const profile = computeProfilesOf(slices).find((own) => own.profileId === profileId)
  const isPossible = profile?.possiblePlacements.some((own) => isSame(own, placement))
  if (isPossible !== true) return refused(gpu, 'NVML_ERROR_INVALID_ARGUMENT')
  if (instance.computeInstances.some((own) => overlap(own.placement, placement))) {
    return refused(gpu, 'NVML_ERROR_INSUFFICIENT_RESOURCES')
  }
  const taken = instance.computeInstances.map((own) => own.id)
  const free = Array.from({ length: slices }, (_, i) => i).find((i) => !taken.includes(i))
  const made: ComputeInstance = {
    id: must(free),
    profileId,
    placement: { ...placement },
    uuid: migUuid(gpu, id, must(free)),
  }
  const computeInstances = [...instance.computeInstances, made]
  return { kind: 'done', gpu: withInstance(gpu, { ...instance, computeInstances }), value: made }
}

export function destroyComputeInstance(
  gpu: SimulatedGpu,
  id: number,
  computeInstanceId: number,
): Answer<null> {
  if (gpu.isLost) return refused(gpu, 'NVML_ERROR_GPU_IS_LOST')
  const instance = gpu.instances.find((own) => own.id === id)
  const found = instance?.computeInstances.find((own) => own.id === computeInstanceId)
  if (instance === undefined || found === undefined) return refused(gpu, 'NVML_ERROR_NOT_FOUND')
  const isHeld = gpu.clients.some(
    (client) => client.gpuInstanceId === id && client.computeInstanceId === computeInstanceId,
  )
  if (isHeld) return refused(gpu, 'NVML_ERROR_IN_USE')
  const computeInstances = instance.computeInstances.filter((own) => own !== found)
  return { kind: 'done', gpu: withInstance(gpu, { ...instance, computeInstances }), value: null }
}

/** Takes effect at once on an idle GPU; else the mode stays pending, as it does on hardware. */
export function setMigMode(gpu: SimulatedGpu, mode: MigMode): Answer<MigModeChange> {
  if (gpu.isLost) return refused(gpu, 'NVML_ERROR_GPU_IS_LOST')
  const isIdle = gpu.instances.length === 0 && gpu.clients.length === 0
  const isActive = isIdle || gpu.currentMode === mode
  const currentMode = isActive ? mode : gpu.currentMode
  return {
    kind: 'done',
    gpu: { ...gpu, currentMode, pendingMode: mode },
    value: isActive ? { kind: 'active' } : { kind: 'pending', because: 'in-use' },
  }
}

export function capacityOf(gpu: SimulatedGpu, profileId: number): Answer<number> {
  if (gpu.isLost) return refused(gpu, 'NVML_ERROR_GPU_IS_LOST')
  if (gpu.currentMode === 'disabled') return refused(gpu, 'NVML_ERROR_NOT_SUPPORTED')
  const profile = modelOf(gpu).profiles.find((own) => own.profileId === profileId)
  if (profile === undefined) return refused(gpu, 'NVML_ERROR_INVALID_ARGUMENT')
  return { kind: 'done', gpu, value: remainingCapacity(layoutOf(gpu), profile) }
}

export function computeSlicesOf(gpu: SimulatedGpu, instance: GpuInstance): number {
  const own = modelOf(gpu).profiles.find(({ profileId }) => profileId === instance.profileId)
  return must(own).computeSlices
}

export function layoutOf(gpu: SimulatedGpu): Layout {
  const model = modelOf(gpu)
  const placed = gpu.instances.map(({ profileId, placement }) => ({
    profile: must(model.profiles.find((own) => own.profileId === profileId)),
    start: placement.start,
  }))
  const result = layoutFrom(model, placed)
  assert(result.kind === 'placed', `GPU ${gpu.index} holds an illegal layout: ${result.kind}`)
  return result.layout
}

/**
 * As NVIDIA's resource manager numbers GPU instances by place: whole 0, halves 1-2, quarters 3-6,
 * eighths 7-14 (open-gpu-kernel-modules, kmigmgr_ga100.c). Used again at once.
 */
function gpuInstanceId(model: GpuModel, { start, size }: Placement): number {
  return model.memorySlices / size - 1 + start / size
}

/** Of the same place always the same, as the driver's are (a version 5 UUID over the place). */
function migUuid(gpu: SimulatedGpu, id: number, computeInstanceId: number): string {
  const name = `${gpu.uuid}/${id}/${computeInstanceId}`
  const hex = hash64(name) + hash64(`${name}/low`)
  const [a, b, c, d] = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(13, 16), hex.slice(17, 20)]
  return `MIG-${a}-${b}-5${c}-a${d}-${hex.slice(20, 32)}`
}

function refused<T>(gpu: SimulatedGpu, code: ErrorCode): Answer<T> {
  return { kind: 'refused', gpu, code }
}

function withInstance(gpu: SimulatedGpu, changed: GpuInstance): SimulatedGpu {
  const instances = gpu.instances.map((own) => (own.id === changed.id ? changed : own))
  return { ...gpu, instances }
}

function isSame(a: Placement, b: Placement): boolean {
  return a.start === b.start && a.size === b.size
}

function overlap(a: Placement, b: Placement): boolean {
  return a.start < b.start + b.size && b.start < a.start + a.size
}
