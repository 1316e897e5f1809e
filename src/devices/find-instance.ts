import type { GpuInstance, GpuInstanceProfileInfo, GpuInstanceRef } from './device.ts'
import { DeviceError } from './device-error.ts'

/**
 * The GPU instance that is meant, or NVML_ERROR_NOT_FOUND: ids are used again at once, so one with
 * that id but another profile or place is somebody else's.
 */
export function findInstance(
  instances: readonly GpuInstance[],
  ref: GpuInstanceRef,
  action: string,
  profiles: readonly GpuInstanceProfileInfo[],
): GpuInstance {
  const found = instances.find(({ id }) => id === ref.id)
  if (found !== undefined && isSame(found, ref)) return found
  const name = profiles.find(({ profileId }) => profileId === found?.profileId)?.name
  const state =
    found === undefined
      ? 'it is not there'
      : `that id is another one by now, ${name} at ${found.placement.start}`
  throw new DeviceError({ code: 'NVML_ERROR_NOT_FOUND', action, state })
}

function isSame(a: GpuInstanceRef, b: GpuInstanceRef): boolean {
  return (
    a.profileId === b.profileId &&
    a.placement.start === b.placement.start &&
    a.placement.size === b.placement.size
  )
}
