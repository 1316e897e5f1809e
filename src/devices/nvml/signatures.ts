import type { Handle, HandleKind } from './handles.ts'

/** What a C parameter takes. `bytes` is memory the library reads or writes, at least so much. */
export type Parameter =
  | { readonly kind: 'uint' }
  | { readonly kind: 'uint64' }
  | { readonly kind: 'text' }
  | { readonly kind: 'handle'; readonly of: HandleKind }
  | { readonly kind: 'bytes'; readonly size: number; readonly isOptional: boolean }

const uint = { kind: 'uint' } as const
const uint64 = { kind: 'uint64' } as const
const text = { kind: 'text' } as const
const device = { kind: 'handle', of: 'device' } as const
const gpuInstance = { kind: 'handle', of: 'gpu-instance' } as const
const computeInstance = { kind: 'handle', of: 'compute-instance' } as const
const eventSet = { kind: 'handle', of: 'event-set' } as const
const bytes = (size: number) => ({ kind: 'bytes', size, isOptional: false }) as const
const optionalBytes = (size: number) => ({ kind: 'bytes', size, isOptional: true }) as const

/**
 * More instances or placements than any GPU has. NVML does not ask how much room there is where it
 * lists instances, so there is always this much.
 */
export const listMax = 64

const handle = bytes(8)
const handles = bytes(8 * listMax)
const count = bytes(4)
const placement = bytes(8)
const placements = bytes(8 * listMax)

/** NVML's functions by their versioned names (NVIDIA's nvml.h), with what they take. */
export const signatures = {
  nvmlInit_v2: [],
  nvmlShutdown: [],
  nvmlSystemGetDriverVersion: [bytes(80), uint],
  nvmlDeviceGetCount_v2: [count],
  nvmlDeviceGetHandleByIndex_v2: [uint, handle],
  nvmlDeviceGetHandleByUUID: [text, handle],
  nvmlDeviceGetName: [device, bytes(96), uint],
  nvmlDeviceGetUUID: [device, bytes(96), uint],
  nvmlDeviceGetPciInfo_v3: [device, bytes(68)],
  nvmlDeviceGetMemoryInfo: [device, bytes(24)],
  nvmlDeviceGetMigMode: [device, bytes(4), bytes(4)],
  nvmlDeviceSetMigMode: [device, uint, bytes(4)],
  nvmlDeviceGetGpuInstanceProfileInfo: [device, uint, bytes(48)],
  nvmlDeviceGetGpuInstanceProfileInfoV: [device, uint, bytes(152)],
  nvmlDeviceGetGpuInstancePossiblePlacements_v2: [device, uint, placements, count],
  nvmlDeviceGetGpuInstanceRemainingCapacity: [device, uint, count],
  nvmlDeviceCreateGpuInstanceWithPlacement: [device, uint, placement, handle],
  nvmlDeviceGetGpuInstances: [device, uint, handles, count],
  nvmlDeviceGetGpuInstanceById: [device, uint, handle],
  nvmlGpuInstanceGetInfo: [gpuInstance, bytes(24)],
  nvmlGpuInstanceDestroy: [gpuInstance],
  nvmlGpuInstanceGetComputeInstanceProfileInfo: [gpuInstance, uint, uint, bytes(36)],
  nvmlGpuInstanceGetComputeInstancePossiblePlacements: [gpuInstance, uint, placements, count],
  nvmlGpuInstanceCreateComputeInstance: [gpuInstance, uint, handle],
  nvmlGpuInstanceCreateComputeInstanceWithPlacement: [gpuInstance, uint, placement, handle],
  nvmlGpuInstanceGetComputeInstances: [gpuInstance, uint, handles, count],
  nvmlGpuInstanceGetComputeInstanceById: [gpuInstance, uint, handle],
  nvmlComputeInstanceGetInfo_v2: [computeInstance, bytes(32)],
  nvmlComputeInstanceDestroy: [computeInstance],
  nvmlDeviceGetMaxMigDeviceCount: [device, count],
  nvmlDeviceGetMigDeviceHandleByIndex: [device, uint, handle],
  nvmlDeviceIsMigDeviceHandle: [device, bytes(4)],
  nvmlDeviceGetGpuInstanceId: [device, bytes(4)],
  nvmlDeviceGetComputeInstanceId: [device, bytes(4)],
  /** Count in and out; the list may be left out to ask for the count. */
  nvmlDeviceGetComputeRunningProcesses_v3: [device, count, optionalBytes(24)],
  nvmlEventSetCreate: [handle],
  nvmlEventSetFree: [eventSet],
  nvmlDeviceGetSupportedEventTypes: [device, bytes(8)],
  nvmlDeviceRegisterEvents: [device, uint64, eventSet],
  nvmlEventSetWait_v2: [eventSet, bytes(32), uint],
} as const satisfies Record<string, readonly Parameter[]>

export type FunctionName = keyof typeof signatures

type ArgumentFor<P> = P extends { readonly kind: 'uint' }
  ? number
  : P extends { readonly kind: 'uint64' }
    ? bigint
    : P extends { readonly kind: 'text' }
      ? string
      : P extends { readonly kind: 'handle'; readonly of: infer K extends HandleKind }
        ? Handle<K>
        : P extends { readonly kind: 'bytes'; readonly isOptional: true }
          ? Buffer | null
          : Buffer

type ArgumentsFor<T extends readonly Parameter[]> = {
  readonly [I in keyof T]: ArgumentFor<T[I]>
}

export type ArgumentsOf<N extends FunctionName> = ArgumentsFor<(typeof signatures)[N]>
