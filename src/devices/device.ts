import type { GpuInstanceProfile, ProfileAttribute } from '../core/mig/profile.ts'

/** A physical GPU. Calls name it by `uuid`; `index` and `minorNumber` can change at a reset. */
export type Gpu = {
  readonly uuid: string
  readonly index: number
  /** As the driver prints it, for instance `00000000:3B:00.0`: stable while the board stays put. */
  readonly pciBusId: string
  /** Device and vendor as PCI numbers them, `0x20B010DE`; null for a simulated GPU. */
  readonly pciDeviceId: string | null
  readonly name: string
  readonly memoryMiB: number
}

export type MigMode = 'enabled' | 'disabled'

export type MigModeState =
  | { readonly kind: 'not-supported' }
  | {
      readonly kind: 'supported'
      readonly current: MigMode
      /** What a reset or reboot would make it. */
      readonly pending: MigMode
    }

/** A mode that was set but did not become current is a normal answer: something holds the GPU. */
export type MigModeChange =
  | { readonly kind: 'active' }
  | {
      readonly kind: 'pending'
      readonly because: 'in-use' | 'reset-required' | 'not-supported' | 'unknown'
    }

/** Where an instance lies: memory slices for a GPU instance, compute slices for a compute one. */
export type Placement = { readonly start: number; readonly size: number }

/** A GPU instance profile as the driver tells it (NVML: nvmlGpuInstanceProfileInfo_t). */
export type GpuInstanceProfileInfo = {
  readonly profileId: number
  /** NVIDIA's name without its prefix: `1g.10gb`. */
  readonly name: string
  readonly attribute: ProfileAttribute
  readonly sliceCount: number
  readonly instanceCount: number
  /** Undefined where a simulated board has no source for it. */
  readonly multiprocessorCount: number | undefined
  readonly memoryMiB: number | undefined
  readonly possiblePlacements: readonly Placement[]
}

export type ComputeInstanceProfileInfo = {
  readonly profileId: number
  readonly sliceCount: number
  readonly instanceCount: number
  readonly possiblePlacements: readonly Placement[]
}

export type ComputeInstance = {
  /** Unique within its GPU instance, and used again once it is gone. */
  readonly id: number
  readonly profileId: number
  readonly placement: Placement
  /** Of the MIG device that the compute instance is to CUDA: `MIG-…`. May come back or change. */
  readonly uuid: string
}

/** Which GPU instance is meant. Ids are used again, so the profile and place must agree too. */
export type GpuInstanceRef = {
  readonly id: number
  readonly profileId: number
  readonly placement: Placement
}

export type GpuInstance = GpuInstanceRef & { readonly computeInstances: readonly ComputeInstance[] }

/** A process on a GPU; null where it belongs to no GPU instance or the driver does not tell. */
export type GpuProcess = {
  readonly pid: number
  readonly gpuInstanceId: number | null
  readonly computeInstanceId: number | null
  readonly memoryMiB: number | null
}

export type DeviceEvent =
  | {
      readonly kind: 'xid'
      readonly gpu: string
      readonly xid: number
      readonly gpuInstanceId: number | null
      readonly computeInstanceId: number | null
    }
  | { readonly kind: 'mig-config-change'; readonly gpu: string }
  /** The driver cannot reach a GPU any more; which one it may not say. */
  | { readonly kind: 'gpu-lost'; readonly gpu: string | null }

export type Driver = { readonly version: string; readonly library: string }

/**
 * The GPUs of one node and their MIG instances, over a driver or over a model of one. `gpu` is a
 * GPU's uuid. Every call may throw DeviceError; calls on one GPU happen one after the other, calls
 * on different GPUs do not wait for each other, and none blocks the calling thread.
 *
 * Nothing here is idempotent: whoever repeats a call whose outcome is unknown reads first.
 */
export type Device = {
  readonly driver: () => Promise<Driver>
  readonly gpus: () => Promise<readonly Gpu[]>

  readonly migMode: (gpu: string) => Promise<MigModeState>
  /** Only when somebody asked for it: it may reset the GPU and end what runs there. */
  readonly setMigMode: (gpu: string, mode: MigMode) => Promise<MigModeChange>

  readonly gpuInstanceProfiles: (gpu: string) => Promise<readonly GpuInstanceProfileInfo[]>
  readonly remainingCapacity: (gpu: string, profileId: number) => Promise<number>
  /** Ordered by where they start; none while MIG mode is disabled. */
  readonly gpuInstances: (gpu: string) => Promise<readonly GpuInstance[]>
  readonly createGpuInstance: (
    gpu: string,
    wanted: { readonly profileId: number; readonly placement: Placement },
  ) => Promise<GpuInstance>
  readonly destroyGpuInstance: (gpu: string, instance: GpuInstanceRef) => Promise<void>

  readonly computeInstanceProfiles: (
    gpu: string,
    instance: GpuInstanceRef,
  ) => Promise<readonly ComputeInstanceProfileInfo[]>
  readonly createComputeInstance: (
    gpu: string,
    instance: GpuInstanceRef,
    wanted: { readonly profileId: number; readonly placement: Placement },
  ) => Promise<ComputeInstance>
  /** Refused when the compute instance with that id is another one by now: its uuid differs. */
  readonly destroyComputeInstance: (
    gpu: string,
    instance: GpuInstanceRef,
    computeInstance: Pick<ComputeInstance, 'id' | 'uuid'>,
  ) => Promise<void>

  readonly processes: (gpu: string) => Promise<readonly GpuProcess[]>
  /** What happens on every GPU once this has come back, until the signal or `close` ends it. */
  readonly events: (signal?: AbortSignal) => Promise<AsyncIterable<DeviceEvent>>
  /** Ends the driver session and every `events`; calls after it are refused. */
  readonly close: () => Promise<void>
}

/** The calls on one GPU, by name: what faults, delays and messages are keyed by. */
export type GpuCall = Exclude<keyof Device, 'driver' | 'gpus' | 'events' | 'close'>

/** The one compute instance profile that takes a whole GPU instance. */
export function wholeProfile(
  profiles: readonly ComputeInstanceProfileInfo[],
  gpuInstanceSlices: number,
): ComputeInstanceProfileInfo | undefined {
  return profiles.find((profile) => profile.sliceCount === gpuInstanceSlices)
}

/** What the driver tells about a profile, as the planner's geometry knows it. */
export function geometryOf(info: GpuInstanceProfileInfo): GpuInstanceProfile {
  const starts = info.possiblePlacements.map(({ start }) => start).sort((a, b) => a - b)
  const isRationed = info.attribute === '+me' || info.attribute === '+me.all'
  return {
    profileId: info.profileId,
    name: info.name,
    attribute: info.attribute,
    computeSlices: info.sliceCount,
    size: info.possiblePlacements[0]?.size ?? 0,
    starts,
    // Counts follow from the places, since an A30's driver reports wrong ones (NVIDIA/mig-parted,
    // pkg/mig/discovery/discovery.go); only media engines are fewer than places.
    instanceCountMax: isRationed ? Math.min(info.instanceCount, starts.length) : starts.length,
    memoryMiB: info.memoryMiB,
    multiprocessorCount: info.multiprocessorCount,
    evidence: 'documented',
  }
}
