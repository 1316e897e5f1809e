import type { GpuInstance, GpuInstanceProfileInfo, Placement } from './device.ts'
import type { ErrorCode } from './return-codes.ts'

/**
 * NVML answers with a code alone. These tell the reader why, from what is on the GPU, in the same
 * words whether the driver refused or a model of it.
 */
export type GpuFacts = {
  readonly profiles: readonly GpuInstanceProfileInfo[]
  readonly instances: readonly GpuInstance[]
}

/** What a code means when nothing more is known. */
export function plainState(code: ErrorCode): string {
  return plainStates[code] ?? 'the driver refused'
}

const plainStates: Partial<Record<ErrorCode, string>> = {
  NVML_ERROR_UNINITIALIZED: 'the driver session is closed',
  NVML_ERROR_INVALID_ARGUMENT: 'the driver does not accept an argument',
  NVML_ERROR_NOT_SUPPORTED: 'the GPU does not support it, or its MIG mode is disabled',
  NVML_ERROR_NO_PERMISSION:
    'this user may not; run as root, or grant read access to ' +
    '/proc/driver/nvidia/capabilities/mig/config and its device node',
  NVML_ERROR_NOT_FOUND: 'it is not there',
  NVML_ERROR_DRIVER_NOT_LOADED:
    'the NVIDIA driver is not loaded; load its kernel module, or use a simulated GPU',
  NVML_ERROR_TIMEOUT: 'the driver did not answer in time',
  NVML_ERROR_LIBRARY_NOT_FOUND:
    'the NVIDIA driver library was not found; install the driver, or use a simulated GPU',
  NVML_ERROR_FUNCTION_NOT_FOUND: 'the NVIDIA driver library is too old for it',
  NVML_ERROR_GPU_IS_LOST: 'the GPU has fallen off the bus; it needs a reset or a reboot',
  NVML_ERROR_RESET_REQUIRED: 'the GPU needs a reset first',
  NVML_ERROR_OPERATING_SYSTEM: 'the operating system blocks the GPU',
  NVML_ERROR_LIB_RM_VERSION_MISMATCH:
    'the driver library and the kernel module are of different versions; reboot after an update',
  NVML_ERROR_IN_USE: 'it is in use by another client',
  NVML_ERROR_MEMORY: 'the driver ran out of memory',
  NVML_ERROR_INSUFFICIENT_RESOURCES: 'the GPU has no room for it',
  NVML_ERROR_NOT_READY: 'the driver is not ready',
  NVML_ERROR_INVALID_STATE: 'the GPU is not in a state for it',
  NVML_ERROR_UNKNOWN: 'the driver failed for an unknown reason',
}

export function whyNotCreated(
  code: ErrorCode,
  wanted: { readonly profileId: number; readonly placement: Placement },
  { profiles, instances }: GpuFacts,
): string {
  const profile = profiles.find(({ profileId }) => profileId === wanted.profileId)
  switch (code) {
    case 'NVML_ERROR_INVALID_ARGUMENT':
      return profile === undefined
        ? `it has no GPU instance profile ${wanted.profileId}, only ${listed(profiles)}`
        : `${profile.name} can lie at ${places(profile)} only`
    case 'NVML_ERROR_INSUFFICIENT_RESOURCES':
      return whyNoRoom(wanted, profile, { profiles, instances })
    case 'NVML_ERROR_IN_USE':
      return instances.length === 0
        ? 'the first GPU instance needs the whole GPU idle'
        : plainState(code)
    case 'NVML_ERROR_NOT_SUPPORTED':
      return 'its MIG mode is disabled'
    default:
      return plainState(code)
  }
}

export function whyNotDestroyed(code: ErrorCode, instance: GpuInstance | undefined): string {
  if (code !== 'NVML_ERROR_IN_USE' || instance === undefined) return plainState(code)
  return instance.computeInstances.length > 0
    ? 'it still has compute instances'
    : 'a client still uses it (a monitor such as DCGM counts as one)'
}

function whyNoRoom(
  { profileId, placement }: { readonly profileId: number; readonly placement: Placement },
  profile: GpuInstanceProfileInfo | undefined,
  { profiles, instances }: GpuFacts,
): string {
  const print = (instance: GpuInstance): string => {
    const own = profiles.find((other) => other.profileId === instance.profileId)
    const name = own?.name ?? `profile ${instance.profileId}`
    return `GPU instance ${instance.id} (${name} at ${instance.placement.start})`
  }
  const overlapping = instances.filter((other) => overlap(other.placement, placement))
  const twin = overlapping.find(
    (other) => other.profileId === profileId && other.placement.start === placement.start,
  )
  if (twin !== undefined) return `${print(twin)} is there already`
  if (overlapping.length > 0) return `${overlapping.map(print).join(' and ')} is in the way`
  const alike = instances.filter((other) => other.profileId === profileId).length
  if (profile !== undefined && alike >= profile.instanceCount) {
    return `it can have ${profile.instanceCount} of ${profile.name}, and has them`
  }
  const media = instances.find((other) =>
    profiles.some((own) => own.profileId === other.profileId && own.attribute.startsWith('+me')),
  )
  return media === undefined
    ? plainState('NVML_ERROR_INSUFFICIENT_RESOURCES')
    : `${print(media)} has the media engines`
}

function overlap(a: Placement, b: Placement): boolean {
  return a.start < b.start + b.size && b.start < a.start + a.size
}

function listed(profiles: readonly GpuInstanceProfileInfo[]): string {
  return profiles.map(({ profileId, name }) => `${profileId} (${name})`).join(', ')
}

function places({ possiblePlacements }: GpuInstanceProfileInfo): string {
  return possiblePlacements.map(({ start, size }) => `${start}:${size}`).join(', ')
}
