import type { ComputeInstance, GpuInstance } from '../devices/device.ts'
import type { DeviceFailure } from '../devices/device-error.ts'
import {
  type Context,
  createWhole,
  instanceAt,
  type Outcome,
  ownedFrom,
  wholeOf,
} from './context.ts'
import type { OwnedInstance, Place, Remains } from './journal.ts'
import { type Persisted, persist, persistentRead } from './persist.ts'

/**
 * Creates a GPU instance and its compute instance, both or neither. What cannot be taken back stays
 * in the ledger as stuck. Nothing is begun where an instance is already: whose it is, is not known.
 */
export async function createInstance(context: Context, place: Place): Promise<Outcome> {
  const { device, book } = context
  const before = await persistentRead(
    context,
    async () => (await instanceAt(device, place)) ?? null,
  )
  if (before.kind !== 'done') return refusal(before.error.failure)
  if (before.value !== null) return refusal(occupied(place, before.value))
  const operation = book.nextOperation()
  book.write({ kind: 'create-begun', operation, place })
  const { gpu, profileId, placement } = place
  const host = await persist(
    context,
    () => device.createGpuInstance(gpu, { profileId, placement }),
    // The place was free a moment ago: told at once that it is taken, somebody else was faster.
    async ({ code }, isFirst) =>
      isFirst && code === 'NVML_ERROR_INSUFFICIENT_RESOURCES'
        ? undefined
        : instanceAt(device, place),
  )
  if (host.kind !== 'done') return notCreated(context, operation, host)
  book.write({ kind: 'gpu-instance-created', operation, gpuInstanceId: host.value.id })
  return finishCreate(context, operation, place, host.value)
}

/** The second half: from a GPU instance that is there to a compute instance in it, or back. */
export async function finishCreate(
  context: Context,
  operation: number,
  place: Place,
  host: GpuInstance,
): Promise<Outcome> {
  const { device, book } = context
  const inner = await makeWhole(context, place, host)
  if (inner.kind === 'done') {
    const instance = ownedFrom(place, operation, host, inner.value)
    book.write({ kind: 'create-done', operation, instance })
    return { kind: 'done', instance }
  }
  if (inner.kind === 'unknown') return { kind: 'unknown', failure: inner.error.failure }
  const back = await persist(
    context,
    () => device.destroyGpuInstance(place.gpu, host).then(() => true),
    async () => ((await instanceAt(device, place)) === undefined ? true : undefined),
  )
  const remains: Remains = back.kind === 'done' ? 'undone' : 'stuck'
  return end(context, operation, inner.error.failure, remains)
}

/** The compute instance that takes the GPU instance whole, made or found made. */
export function makeWhole(
  context: Context,
  place: Place,
  host: GpuInstance,
): Promise<Persisted<ComputeInstance>> {
  const { device } = context
  return persist(
    context,
    () => createWhole(device, place.gpu, host),
    async () => {
      const now = await instanceAt(device, place)
      return now === undefined ? undefined : wholeOf(now)
    },
  )
}

/** Writes that the operation has failed, and answers it. */
export function end(
  { book }: Context,
  operation: number,
  failure: DeviceFailure,
  remains: Remains,
  instance: OwnedInstance | null = null,
): Outcome {
  book.write({ kind: 'operation-failed', operation, failure, remains, instance })
  return { kind: 'failed', failure, remains, instance }
}

function notCreated(
  context: Context,
  operation: number,
  { kind, error }: Exclude<Persisted<unknown>, { readonly kind: 'done' }>,
): Outcome {
  if (kind === 'unknown') return { kind: 'unknown', failure: error.failure }
  return end(context, operation, error.failure, 'undone')
}

function refusal(failure: DeviceFailure): Outcome {
  return { kind: 'failed', failure, remains: 'undone', instance: null }
}

function occupied({ gpu, profileId, placement }: Place, { id }: GpuInstance): DeviceFailure {
  return {
    code: 'NVML_ERROR_INSUFFICIENT_RESOURCES',
    action: `create a GPU instance of profile ${profileId} at ${placement.start} on ${gpu}`,
    state: `GPU instance ${id} is there already`,
  }
}
