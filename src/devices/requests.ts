import { checkerFor } from './check-request.ts'
import type { ComputeInstance, GpuInstanceRef, MigMode, Placement } from './device.ts'

/** What was asked of a Device: values of the right shape, and how to name it in a message. */
export type Request<T> = T & { readonly gpu: string; readonly action: string }

export type Wanted = { readonly profileId: number; readonly placement: Placement }

/** A question about a GPU as a whole. */
export function queryRequest(what: string, gpu: unknown): Request<object> {
  const check = checkerFor(what)
  const uuid = check.gpu(gpu)
  return { gpu: uuid, action: `${what} of ${uuid}` }
}

export function capacityRequest(
  gpu: unknown,
  profileId: unknown,
): Request<{ readonly profileId: number }> {
  const check = checkerFor('read the remaining capacity')
  const own = { gpu: check.gpu(gpu), profileId: check.id('the profile id', profileId) }
  return {
    ...own,
    action: `read the remaining capacity of ${own.gpu} for profile ${own.profileId}`,
  }
}

export function modeRequest(gpu: unknown, mode: unknown): Request<{ readonly mode: MigMode }> {
  const check = checkerFor('set the MIG mode')
  const own = { gpu: check.gpu(gpu), mode: check.mode(mode) }
  return { ...own, action: `set the MIG mode of ${own.gpu} to ${own.mode}` }
}

export function createGpuInstanceRequest(
  gpu: unknown,
  wanted: unknown,
): Request<{ readonly wanted: Wanted }> {
  const check = checkerFor('create a GPU instance')
  const own = { gpu: check.gpu(gpu), wanted: checkWanted(check, wanted) }
  const { profileId, placement } = own.wanted
  const action = `create a GPU instance of profile ${profileId} at ${placement.start} on ${own.gpu}`
  return { ...own, action }
}

export function gpuInstanceRequest(
  verb: string,
  gpu: unknown,
  instance: unknown,
): Request<{ readonly instance: GpuInstanceRef }> {
  const check = checkerFor(`${verb} a GPU instance`)
  const own = { gpu: check.gpu(gpu), instance: check.instance(instance) }
  return { ...own, action: `${verb} GPU instance ${own.instance.id} on ${own.gpu}` }
}

export function createComputeInstanceRequest(
  gpu: unknown,
  instance: unknown,
  wanted: unknown,
): Request<{ readonly instance: GpuInstanceRef; readonly wanted: Wanted }> {
  const check = checkerFor('create a compute instance')
  const own = {
    gpu: check.gpu(gpu),
    instance: check.instance(instance),
    wanted: checkWanted(check, wanted),
  }
  const { profileId } = own.wanted
  const where = `GPU instance ${own.instance.id} on ${own.gpu}`
  return { ...own, action: `create a compute instance of profile ${profileId} in ${where}` }
}

export function destroyComputeInstanceRequest(
  gpu: unknown,
  instance: unknown,
  computeInstance: unknown,
): Request<{
  readonly instance: GpuInstanceRef
  readonly computeInstance: Pick<ComputeInstance, 'id' | 'uuid'>
}> {
  const check = checkerFor('destroy a compute instance')
  const { id, uuid } = check.fields('the compute instance', computeInstance)
  const own = {
    gpu: check.gpu(gpu),
    instance: check.instance(instance),
    computeInstance: { id: check.id('the compute instance id', id), uuid: check.uuid(uuid) },
  }
  const where = `GPU instance ${own.instance.id} on ${own.gpu}`
  return { ...own, action: `destroy compute instance ${own.computeInstance.id} of ${where}` }
}

function checkWanted(check: ReturnType<typeof checkerFor>, wanted: unknown): Wanted {
  const { profileId, placement } = check.fields('what to create', wanted)
  return {
    profileId: check.id('the profile id', profileId),
    placement: check.placement(placement),
  }
}
