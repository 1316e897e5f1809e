import type {
  ComputeInstanceProfileInfo,
  GpuInstance,
  GpuInstanceProfileInfo,
  GpuInstanceRef,
  GpuProcess,
  MigModeState,
} from '../device.ts'
import { DeviceError } from '../device-error.ts'
import { findInstance } from '../find-instance.ts'
import { demandSuccess, newCount, readCount, tryAsk } from './ask.ts'
import { gpuFinder } from './gpu-handles.ts'
import { type Handle, handleBytes, readHandle } from './handles.ts'
import { gpuInstances, type Reading } from './instances.ts'
import type { Library } from './library.ts'
import { processesOn } from './processes.ts'
import { computeInstanceProfiles, gpuInstanceProfiles } from './profiles.ts'

/** Reads the state of GPUs; profiles, which do not change while the driver runs, only once. */
export type Reader = {
  readonly reading: (request: { readonly gpu: string; readonly action: string }) => Reading
  readonly migMode: (reading: Reading) => MigModeState
  readonly profiles: (reading: Reading) => readonly GpuInstanceProfileInfo[]
  readonly instances: (reading: Reading) => readonly GpuInstance[]
  readonly computeProfiles: (
    reading: Reading,
    instance: Handle<'gpu-instance'>,
    profileId: number,
  ) => readonly ComputeInstanceProfileInfo[]
  readonly processes: (reading: Reading) => readonly GpuProcess[]
  /** The instance that is meant with its handle, or NVML_ERROR_NOT_FOUND. */
  readonly find: (
    reading: Reading,
    ref: GpuInstanceRef,
  ) => { readonly instance: GpuInstance; readonly handle: Handle<'gpu-instance'> }
  /** What explains a refusal, as far as it can still be read: nothing on a GPU that is lost. */
  readonly tryRead: <T>(read: () => T, otherwise: T) => T
}

export function createReader(library: Library): Reader {
  const findGpu = gpuFinder(library)
  const known = new WeakMap<Handle<'device'>, readonly GpuInstanceProfileInfo[]>()
  const knownCompute = new WeakMap<
    Handle<'device'>,
    Map<number, readonly ComputeInstanceProfileInfo[]>
  >()

  const profiles: Reader['profiles'] = ({ action, device }) => {
    const before = known.get(device)
    if (before !== undefined) return before
    const found = gpuInstanceProfiles(library, action, device)
    if (found.length > 0) known.set(device, found)
    return found
  }
  const computeProfiles: Reader['computeProfiles'] = ({ action, device }, instance, profileId) => {
    const own = knownCompute.get(device) ?? new Map()
    knownCompute.set(device, own)
    const found = own.get(profileId) ?? computeInstanceProfiles(library, action, instance)
    if (found.length > 0) own.set(profileId, found)
    return found
  }
  const migMode: Reader['migMode'] = ({ action, device }) => readMode(library, action, device)
  const isMig = (reading: Reading): boolean => {
    const mode = migMode(reading)
    return mode.kind === 'supported' && mode.current === 'enabled'
  }
  const instances: Reader['instances'] = (reading) => {
    if (!isMig(reading)) return []
    const idsOf = (instance: Handle<'gpu-instance'>, profileId: number): readonly number[] =>
      computeProfiles(reading, instance, profileId).map((own) => own.profileId)
    return gpuInstances(reading, profiles(reading), idsOf)
  }

  return {
    reading: ({ gpu, action }) => ({ library, action, device: findGpu(gpu, action) }),
    migMode,
    profiles,
    instances,
    computeProfiles,
    processes: (reading) => processesOn(reading, isMig(reading)),
    find: (reading, ref) => {
      const { action, device } = reading
      const instance = findInstance(instances(reading), ref, action, profiles(reading))
      const handle = Buffer.alloc(handleBytes)
      const values = [device, ref.id, handle] as const
      demandSuccess(action, tryAsk(library, 'nvmlDeviceGetGpuInstanceById', values))
      return { instance, handle: readHandle('gpu-instance', handle) }
    },
    tryRead: (read, otherwise) => {
      try {
        return read()
      } catch (error) {
        if (error instanceof DeviceError) return otherwise
        throw error
      }
    },
  }
}

function readMode(library: Library, action: string, device: Handle<'device'>): MigModeState {
  const [current, pending] = [newCount(), newCount()]
  const code = tryAsk(library, 'nvmlDeviceGetMigMode', [device, current, pending])
  if (code === 'NVML_ERROR_NOT_SUPPORTED') return { kind: 'not-supported' }
  demandSuccess(action, code)
  const named = (buffer: Buffer) => (readCount(buffer) === 1 ? 'enabled' : 'disabled')
  return { kind: 'supported', current: named(current), pending: named(pending) }
}
