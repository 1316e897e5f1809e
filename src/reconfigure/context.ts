import { must } from '../base/assert.ts'
import {
  type ComputeInstance,
  type Device,
  type GpuInstance,
  wholeProfile,
} from '../devices/device.ts'
import { DeviceError, type DeviceFailure } from '../devices/device-error.ts'
import type { Book } from './book.ts'
import type { OwnedInstance, Place, Remains } from './journal.ts'
import type { Waiting } from './persist.ts'

/** What operations on GPU instances work with. */
export type Context = Waiting & { readonly device: Device; readonly book: Book }

/** What an operation came to. `unknown`: it stays open in the journal until somebody can look. */
export type Outcome =
  | { readonly kind: 'done'; readonly instance: OwnedInstance | null }
  | {
      readonly kind: 'failed'
      readonly failure: DeviceFailure
      readonly remains: Remains
      /** After a destroy that was undone: what is still there. */
      readonly instance: OwnedInstance | null
    }
  | { readonly kind: 'unknown'; readonly failure: DeviceFailure }

/** The GPU instance at that place with that profile, or undefined. */
export async function instanceAt(device: Device, place: Place): Promise<GpuInstance | undefined> {
  const instances = await device.gpuInstances(place.gpu)
  return instances.find(
    ({ profileId, placement: { start, size } }) =>
      profileId === place.profileId &&
      start === place.placement.start &&
      size === place.placement.size,
  )
}

/** The one compute instance that takes its GPU instance whole, or undefined: there is none yet. */
export function wholeOf(instance: GpuInstance): ComputeInstance | undefined {
  return instance.computeInstances.length === 1 ? instance.computeInstances[0] : undefined
}

export function ownedFrom(
  place: Place,
  operation: number,
  host: Pick<GpuInstance, 'id'>,
  inner: ComputeInstance,
): OwnedInstance {
  const { gpu, profileId, placement } = place
  const ids = { gpuInstanceId: host.id, computeInstanceId: inner.id, uuid: inner.uuid }
  return { gpu, profileId, placement, operation, ...ids }
}

/** Creates the compute instance that takes the GPU instance whole. */
export async function createWhole(
  device: Device,
  gpu: string,
  host: GpuInstance,
): Promise<ComputeInstance> {
  const [profiles, infos] = await Promise.all([
    device.computeInstanceProfiles(gpu, host),
    device.gpuInstanceProfiles(gpu),
  ])
  const own = infos.find(({ profileId }) => profileId === host.profileId)
  const whole = own === undefined ? undefined : wholeProfile(profiles, own.sliceCount)
  if (whole === undefined) {
    const action = `create a compute instance in GPU instance ${host.id} on ${gpu}`
    const state = 'it has no compute instance profile that takes it whole'
    throw new DeviceError({ code: 'NVML_ERROR_NOT_SUPPORTED', action, state })
  }
  const placement = must(whole.possiblePlacements[0], 'A profile without a place')
  return device.createComputeInstance(gpu, host, { profileId: whole.profileId, placement })
}
