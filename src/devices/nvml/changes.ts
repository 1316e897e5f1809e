import type { ComputeInstance, Device, GpuInstance, MigModeChange } from '../device.ts'
import { DeviceError, type DeviceFailure } from '../device-error.ts'
import { plainState, whyNotCreated, whyNotDestroyed } from '../explain.ts'
import {
  createComputeInstanceRequest,
  createGpuInstanceRequest,
  destroyComputeInstanceRequest,
  gpuInstanceRequest,
  modeRequest,
  type Wanted,
} from '../requests.ts'
import { type ErrorCode, errorCodeOf } from '../return-codes.ts'
import { ask, demandSuccess, newCount, readCount, tryAsk } from './ask.ts'
import { handleBytes, readHandle } from './handles.ts'
import { migDeviceUuids, type Reading, readComputeInstance, readGpuInstance } from './instances.ts'
import type { Reader } from './reader.ts'
import { structBuffer, writeUint32 } from './structs.ts'

type Args<K extends keyof Device> = Parameters<Device[K]>

export function createGpuInstance(
  reader: Reader,
  ...[gpu, asked]: Args<'createGpuInstance'>
): GpuInstance {
  const request = createGpuInstanceRequest(gpu, asked)
  const { action, wanted } = request
  const reading = reader.reading(request)
  const handle = Buffer.alloc(handleBytes)
  const place = placementBuffer(wanted)
  const values = [reading.device, wanted.profileId, place, handle] as const
  const name = 'nvmlDeviceCreateGpuInstanceWithPlacement'
  const code = tryAsk(reading.library, name, values)
  if (code !== null) {
    const facts = reader.tryRead(
      () => ({ profiles: reader.profiles(reading), instances: reader.instances(reading) }),
      { profiles: [], instances: [] },
    )
    throw refusal(reader, reading, { code, action, state: whyNotCreated(code, wanted, facts) })
  }
  const made = readGpuInstance(reading, readHandle('gpu-instance', handle))
  if (made === null) throw vanished(action)
  return { ...made, computeInstances: [] }
}

export function destroyGpuInstance(
  reader: Reader,
  ...[gpu, instance]: Args<'destroyGpuInstance'>
): void {
  const request = gpuInstanceRequest('destroy', gpu, instance)
  const { action } = request
  const reading = reader.reading(request)
  const found = reader.find(reading, request.instance)
  const code = tryAsk(reading.library, 'nvmlGpuInstanceDestroy', [found.handle])
  if (code === null) return
  const state = whyNotDestroyed(code, found.instance)
  throw refusal(reader, reading, { code, action, state }, found.instance.id)
}

export function createComputeInstance(
  reader: Reader,
  ...[gpu, instance, asked]: Args<'createComputeInstance'>
): ComputeInstance {
  const request = createComputeInstanceRequest(gpu, instance, asked)
  const { action, wanted } = request
  const reading = reader.reading(request)
  const { library } = reading
  const host = reader.find(reading, request.instance)
  const handle = Buffer.alloc(handleBytes)
  const placed = 'nvmlGpuInstanceCreateComputeInstanceWithPlacement'
  const values = [host.handle, wanted.profileId, placementBuffer(wanted), handle] as const
  const unplaced = [host.handle, wanted.profileId, handle] as const
  // Drivers before the 535 branch place compute instances themselves.
  const code = library.has(placed)
    ? tryAsk(library, placed, values)
    : tryAsk(library, 'nvmlGpuInstanceCreateComputeInstance', unplaced)
  demandSuccess(action, code)
  const own = readHandle('compute-instance', handle)
  const made = readComputeInstance(reading, own, host.instance.id, migDeviceUuids(reading))
  if (made === null) throw vanished(action)
  return made
}

export function destroyComputeInstance(
  reader: Reader,
  ...[gpu, instance, computeInstance]: Args<'destroyComputeInstance'>
): void {
  const request = destroyComputeInstanceRequest(gpu, instance, computeInstance)
  const { action } = request
  const reading = reader.reading(request)
  const { library } = reading
  const host = reader.find(reading, request.instance)
  const { id, uuid } = request.computeInstance
  const found = host.instance.computeInstances.find((own) => own.id === id)
  if (found?.uuid !== uuid) {
    const code = 'NVML_ERROR_NOT_FOUND'
    throw new DeviceError({ code, action, state: plainState(code) })
  }
  const handle = Buffer.alloc(handleBytes)
  ask(library, action, 'nvmlGpuInstanceGetComputeInstanceById', [host.handle, id, handle])
  const own = readHandle('compute-instance', handle)
  const code = tryAsk(library, 'nvmlComputeInstanceDestroy', [own])
  if (code === null) return
  throw refusal(reader, reading, { code, action, state: plainState(code) }, host.instance.id)
}

/** NVML reports a GPU that is busy as a success whose activation failed. */
export function setMigMode(reader: Reader, ...[gpu, mode]: Args<'setMigMode'>): MigModeChange {
  const request = modeRequest(gpu, mode)
  const reading = reader.reading(request)
  const activation = newCount()
  const values = [reading.device, request.mode === 'enabled' ? 1 : 0, activation] as const
  ask(reading.library, request.action, 'nvmlDeviceSetMigMode', values)
  const number = readCount(activation)
  return number === 0 ? { kind: 'active' } : { kind: 'pending', because: why(errorCodeOf(number)) }
}

function why(code: ErrorCode): Extract<MigModeChange, { kind: 'pending' }>['because'] {
  if (code === 'NVML_ERROR_IN_USE') return 'in-use'
  if (code === 'NVML_ERROR_RESET_REQUIRED') return 'reset-required'
  return code === 'NVML_ERROR_NOT_SUPPORTED' ? 'not-supported' : 'unknown'
}

function placementBuffer({ placement }: Wanted): Buffer {
  const buffer = structBuffer('nvmlGpuInstancePlacement_t')
  writeUint32('nvmlGpuInstancePlacement_t', buffer, 'start', placement.start)
  writeUint32('nvmlGpuInstancePlacement_t', buffer, 'size', placement.size)
  return buffer
}

/** With the processes that hold the instance or, without one, the GPU, where that is the matter. */
function refusal(
  reader: Reader,
  reading: Reading,
  failure: DeviceFailure,
  gpuInstanceId?: number,
): DeviceError {
  if (failure.code !== 'NVML_ERROR_IN_USE') return new DeviceError(failure)
  const processes = reader.tryRead(() => reader.processes(reading), [])
  const pids = processes
    .filter((own) => gpuInstanceId === undefined || own.gpuInstanceId === gpuInstanceId)
    .map(({ pid }) => pid)
  return new DeviceError({ ...failure, pids: [...new Set(pids)] })
}

function vanished(action: string): DeviceError {
  const state = 'it was made, and was gone before it could be read'
  return new DeviceError({ code: 'NVML_ERROR_NOT_FOUND', action, state })
}
