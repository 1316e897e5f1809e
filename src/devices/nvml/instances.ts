import type { ComputeInstance, GpuInstance, GpuInstanceProfileInfo } from '../device.ts'
import { ask, demandSuccess, isGone, newCount, readCount, tryAsk } from './ask.ts'
import { uuidOf } from './gpu-handles.ts'
import { type Handle, handleBytes, handleFrom, readHandle } from './handles.ts'
import type { Library } from './library.ts'
import { listMax } from './signatures.ts'
import { readStruct, structBuffer } from './structs.ts'

/** What a listing works with: a GPU, and on whose behalf it is read. */
export type Reading = {
  readonly library: Library
  readonly action: string
  readonly device: Handle<'device'>
}

/** What exists now, by start. What goes away while it is read is left out. */
export function gpuInstances(
  reading: Reading,
  profiles: readonly GpuInstanceProfileInfo[],
  computeProfileIds: (instance: Handle<'gpu-instance'>, profileId: number) => readonly number[],
): readonly GpuInstance[] {
  const uuids = migDeviceUuids(reading)
  return profiles
    .flatMap(({ profileId }) => handlesOf(reading, profileId))
    .flatMap((handle) => {
      const instance = readGpuInstance(reading, handle)
      if (instance === null) return []
      const ids = computeProfileIds(handle, instance.profileId)
      const made = ids.flatMap((id) => computeInstances(reading, handle, id))
      const computeInstances_ = made
        .flatMap((inner) => readComputeInstance(reading, inner, instance.id, uuids) ?? [])
        .sort((a, b) => a.id - b.id)
      return [{ ...instance, computeInstances: computeInstances_ }]
    })
    .sort((a, b) => a.placement.start - b.placement.start)
}

function handlesOf(
  { library, action, device }: Reading,
  profileId: number,
): readonly Handle<'gpu-instance'>[] {
  const list = Buffer.alloc(handleBytes * listMax)
  const count = newCount()
  ask(library, action, 'nvmlDeviceGetGpuInstances', [device, profileId, list, count])
  return Array.from({ length: Math.min(readCount(count), listMax) }, (_, i) =>
    readHandle('gpu-instance', list, i),
  )
}

/** Placement as the driver tells it: the id is no guide to it. Null: it is gone. */
export function readGpuInstance(
  { library, action }: Reading,
  handle: Handle<'gpu-instance'>,
): Omit<GpuInstance, 'computeInstances'> | null {
  const info = structBuffer('nvmlGpuInstanceInfo_t')
  const code = tryAsk(library, 'nvmlGpuInstanceGetInfo', [handle, info])
  if (isGone(code)) return null
  demandSuccess(action, code)
  const own = readStruct('nvmlGpuInstanceInfo_t', info)
  const placement = { start: own['placement.start'], size: own['placement.size'] }
  return { id: own.id, profileId: own.profileId, placement }
}

function computeInstances(
  { library, action }: Reading,
  instance: Handle<'gpu-instance'>,
  profileId: number,
): readonly Handle<'compute-instance'>[] {
  const list = Buffer.alloc(handleBytes * listMax)
  const count = newCount()
  const values = [instance, profileId, list, count] as const
  const code = tryAsk(library, 'nvmlGpuInstanceGetComputeInstances', values)
  if (isGone(code)) return []
  demandSuccess(action, code)
  return Array.from({ length: Math.min(readCount(count), listMax) }, (_, i) =>
    readHandle('compute-instance', list, i),
  )
}

/** Null: it is gone. */
export function readComputeInstance(
  { library, action }: Reading,
  handle: Handle<'compute-instance'>,
  gpuInstanceId: number,
  uuids: MigDeviceUuids,
): ComputeInstance | null {
  const info = structBuffer('nvmlComputeInstanceInfo_t')
  const code = tryAsk(library, 'nvmlComputeInstanceGetInfo_v2', [handle, info])
  if (isGone(code)) return null
  demandSuccess(action, code)
  const own = readStruct('nvmlComputeInstanceInfo_t', info)
  const device = own.device === 0n ? null : handleFrom('device', own.device)
  const uuid = directUuid(library, device) ?? uuids(gpuInstanceId, own.id)
  if (uuid === null) return null
  const placement = { start: own['placement.start'], size: own['placement.size'] }
  return { id: own.id, profileId: own.profileId, placement, uuid }
}

/**
 * Drivers disagree on what device a compute instance names: the MIG device that it is, whose uuid
 * is then at hand, or its parent GPU, as NVIDIA's header says (the DRA driver for NVIDIA GPUs took
 * the first for granted until its version 0.5.0).
 */
function directUuid(library: Library, device: Handle<'device'> | null): string | null {
  const uuid = device === null ? null : uuidOf(library, device)
  return uuid?.startsWith('MIG-') === true ? uuid : null
}

export type MigDeviceUuids = (gpuInstanceId: number, computeInstanceId: number) => string | null

/** Looks MIG devices up by walking over all of them, once and only if somebody asks. */
export function migDeviceUuids(reading: Reading): MigDeviceUuids {
  let walked: ReadonlyMap<string, string> | null = null
  return (gpuInstanceId, computeInstanceId) => {
    walked ??= new Map(
      migDevices(reading).map((own) => [`${own.gpuInstanceId}/${own.computeInstanceId}`, own.uuid]),
    )
    return walked.get(`${gpuInstanceId}/${computeInstanceId}`) ?? null
  }
}

export type MigDevice = {
  readonly handle: Handle<'device'>
  readonly uuid: string
  readonly gpuInstanceId: number
  readonly computeInstanceId: number
}

/** Every MIG device of the GPU; those that go away while they are read are left out. */
export function migDevices({ library, action, device }: Reading): readonly MigDevice[] {
  const count = newCount()
  ask(library, action, 'nvmlDeviceGetMaxMigDeviceCount', [device, count])
  const found: MigDevice[] = []
  for (let index = 0; index < Math.min(readCount(count), listMax); index += 1) {
    const buffer = Buffer.alloc(handleBytes)
    const values = [device, index, buffer] as const
    if (tryAsk(library, 'nvmlDeviceGetMigDeviceHandleByIndex', values) !== null) continue
    const handle = readHandle('device', buffer)
    const [gi, ci] = [newCount(), newCount()]
    if (tryAsk(library, 'nvmlDeviceGetGpuInstanceId', [handle, gi]) !== null) continue
    if (tryAsk(library, 'nvmlDeviceGetComputeInstanceId', [handle, ci]) !== null) continue
    const uuid = uuidOf(library, handle)
    if (uuid === null) continue
    const ids = { gpuInstanceId: readCount(gi), computeInstanceId: readCount(ci) }
    found.push({ handle, uuid, ...ids })
  }
  return found
}
