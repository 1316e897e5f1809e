import type { ComputeInstanceProfileInfo, GpuInstanceProfileInfo, Placement } from '../device.ts'
import type { ErrorCode } from '../return-codes.ts'
import { ask, demandSuccess, newCount, readCount, tryAsk } from './ask.ts'
import type { Handle } from './handles.ts'
import type { Library } from './library.ts'
import { attributeOf, derivedName, plainName } from './profile-name.ts'
import { listMax } from './signatures.ts'
import { readStruct, structBuffer } from './structs.ts'

/** Profile numbers tried at most; NVIDIA's header of 2025 has 18 for GPU instances. */
const numbersMax = 64

type Found = Omit<GpuInstanceProfileInfo, 'possiblePlacements' | 'attribute'>

/** How one version of NVML tells a profile; null: this number has none on this GPU. */
type Version = (number: number) => Found | ErrorCode

/**
 * The profiles of a GPU, by whichever version of the question the driver understands: the newest
 * first, and the oldest where MIG mode is disabled, since only it answers then. Empty on a GPU
 * without MIG.
 */
export function gpuInstanceProfiles(
  library: Library,
  action: string,
  device: Handle<'device'>,
): readonly GpuInstanceProfileInfo[] {
  for (const version of versionsOf(library, action, device)) {
    const found = tryNumbers(action, version)
    if (found.length === 0) continue
    return found.map(({ number, profile }) => ({
      ...profile,
      attribute: attributeOf(number),
      possiblePlacements: gpuPlacements(library, action, device, profile.profileId),
    }))
  }
  return []
}

function versionsOf(
  library: Library,
  action: string,
  device: Handle<'device'>,
): readonly Version[] {
  const newer = library.has('nvmlDeviceGetGpuInstanceProfileInfoV')
  const named = (name: 'nvmlGpuInstanceProfileInfo_v2_t' | 'nvmlGpuInstanceProfileInfo_v3_t') => {
    return (number: number): Found | ErrorCode => {
      const info = structBuffer(name)
      const values = [device, number, info] as const
      const code = tryAsk(library, 'nvmlDeviceGetGpuInstanceProfileInfoV', values)
      if (code !== null) return code
      const own = readStruct(name, info)
      return { ...sizesOf(own), name: plainName(own.name) }
    }
  }
  const oldest = (number: number): Found | ErrorCode => {
    const info = structBuffer('nvmlGpuInstanceProfileInfo_t')
    const values = [device, number, info] as const
    const code = tryAsk(library, 'nvmlDeviceGetGpuInstanceProfileInfo', values)
    if (code !== null) return code
    const own = sizesOf(readStruct('nvmlGpuInstanceProfileInfo_t', info))
    return { ...own, name: derivedName(number, own, boardMiB(library, action, device)) }
  }
  const byName = [
    named('nvmlGpuInstanceProfileInfo_v3_t'),
    named('nvmlGpuInstanceProfileInfo_v2_t'),
  ]
  return newer ? [...byName, oldest] : [oldest]
}

function sizesOf(own: {
  readonly id: number
  readonly sliceCount: number
  readonly instanceCount: number
  readonly multiprocessorCount: number
  readonly memorySizeMB: bigint
}) {
  return {
    profileId: own.id,
    sliceCount: own.sliceCount,
    instanceCount: own.instanceCount,
    multiprocessorCount: own.multiprocessorCount,
    memoryMiB: Number(own.memorySizeMB),
  }
}

function tryNumbers(
  action: string,
  version: Version,
): readonly { readonly number: number; readonly profile: Found }[] {
  const found: { readonly number: number; readonly profile: Found }[] = []
  for (let number = 0; number < numbersMax; number += 1) {
    const answer = version(number)
    if (typeof answer !== 'string') found.push({ number, profile: answer })
    else if (isEnd(action, answer)) break
  }
  return found
}

/** Past the last number there is or a version that is not understood; a gap is no end. */
function isEnd(action: string, code: ErrorCode): boolean {
  if (code === 'NVML_ERROR_NOT_SUPPORTED') return false
  if (code === 'NVML_ERROR_INVALID_ARGUMENT') return true
  if (code === 'NVML_ERROR_ARGUMENT_VERSION_MISMATCH') return true
  demandSuccess(action, code)
  return true
}

function boardMiB(library: Library, action: string, device: Handle<'device'>): number {
  const memory = structBuffer('nvmlMemory_t')
  ask(library, action, 'nvmlDeviceGetMemoryInfo', [device, memory])
  return Number(readStruct('nvmlMemory_t', memory).total / 1_048_576n)
}

function gpuPlacements(
  library: Library,
  action: string,
  device: Handle<'device'>,
  profileId: number,
): readonly Placement[] {
  const places = structBuffer('nvmlGpuInstancePlacement_t', listMax)
  const count = newCount()
  const values = [device, profileId, places, count] as const
  ask(library, action, 'nvmlDeviceGetGpuInstancePossiblePlacements_v2', values)
  return readPlaces(places, readCount(count))
}

export function computeInstanceProfiles(
  library: Library,
  action: string,
  instance: Handle<'gpu-instance'>,
): readonly ComputeInstanceProfileInfo[] {
  const found: ComputeInstanceProfileInfo[] = []
  for (let number = 0; number < numbersMax; number += 1) {
    const info = structBuffer('nvmlComputeInstanceProfileInfo_t')
    const values = [instance, number, sharedEngines, info] as const
    const code = tryAsk(library, 'nvmlGpuInstanceGetComputeInstanceProfileInfo', values)
    if (code !== null && isEnd(action, code)) break
    if (code !== null) continue
    const { id, sliceCount, instanceCount } = readStruct('nvmlComputeInstanceProfileInfo_t', info)
    const possiblePlacements = computePlacements(library, action, instance, id)
    found.push({ profileId: id, sliceCount, instanceCount, possiblePlacements })
  }
  return found
}

/** NVML_COMPUTE_INSTANCE_ENGINE_PROFILE_SHARED, the only one there is. */
const sharedEngines = 0

function computePlacements(
  library: Library,
  action: string,
  instance: Handle<'gpu-instance'>,
  profileId: number,
): readonly Placement[] {
  const places = structBuffer('nvmlComputeInstancePlacement_t', listMax)
  const count = newCount()
  const values = [instance, profileId, places, count] as const
  ask(library, action, 'nvmlGpuInstanceGetComputeInstancePossiblePlacements', values)
  return readPlaces(places, readCount(count))
}

function readPlaces(places: Buffer, count: number): readonly Placement[] {
  return Array.from({ length: Math.min(count, listMax) }, (_, i) => {
    const { start, size } = readStruct('nvmlGpuInstancePlacement_t', places, i)
    return { start, size }
  })
}
