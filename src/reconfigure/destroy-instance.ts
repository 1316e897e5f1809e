import type { GpuInstance } from '../devices/device.ts'
import { DeviceError, type DeviceFailure } from '../devices/device-error.ts'
import { type Context, instanceAt, type Outcome, ownedFrom, wholeOf } from './context.ts'
import { end, makeWhole } from './create-instance.ts'
import type { OwnedInstance } from './journal.ts'
import { placeOf } from './ledger.ts'
import { persist, persistentRead } from './persist.ts'

/**
 * Destroys an instance of ours, its compute instance first, once nobody runs on it any more. If
 * only the first half goes through, the compute instance is made again: an instance is whole, gone,
 * or in the ledger as stuck.
 */
export async function destroyInstance(context: Context, instance: OwnedInstance): Promise<Outcome> {
  const { book } = context
  const idle = await persistentRead(context, () => proveIdle(context, instance))
  if (idle.kind !== 'done') {
    return { kind: 'failed', failure: idle.error.failure, remains: 'undone', instance }
  }
  if (idle.value === null) {
    book.write({
      kind: 'forgotten',
      operation: book.nextOperation(),
      place: placeOf(instance),
    })
    return { kind: 'done', instance: null }
  }
  const operation = book.nextOperation()
  book.write({ kind: 'destroy-begun', operation, instance })
  return finishDestroy(context, operation, instance)
}

/** Whatever is left to do of it, from whatever state it was left in. */
export async function finishDestroy(
  context: Context,
  operation: number,
  instance: OwnedInstance,
): Promise<Outcome> {
  const { device, book } = context
  const found = await persistentRead(
    context,
    async () => (await findOwned(context, instance)) ?? null,
  )
  if (found.kind !== 'done') return { kind: 'unknown', failure: found.error.failure }
  const host = found.value
  if (host !== null && host.computeInstances.length > 0) {
    const inner = { id: instance.computeInstanceId, uuid: instance.uuid }
    const gone = await persist(
      context,
      () => device.destroyComputeInstance(instance.gpu, host, inner).then(() => true),
      async () => {
        const now = await findOwned(context, instance)
        return now === undefined || now.computeInstances.length === 0 ? true : undefined
      },
    )
    if (gone.kind !== 'done') {
      const { failure } = gone.error
      return gone.kind === 'unknown'
        ? { kind: 'unknown', failure }
        : end(context, operation, failure, 'undone', instance)
    }
    book.write({ kind: 'compute-instance-destroyed', operation })
  }
  return host === null ? done(context, operation) : destroyHost(context, operation, instance, host)
}

async function destroyHost(
  context: Context,
  operation: number,
  instance: OwnedInstance,
  host: GpuInstance,
): Promise<Outcome> {
  const { device } = context
  const gone = await persist(
    context,
    () => device.destroyGpuInstance(instance.gpu, host).then(() => true),
    async () => ((await instanceAt(device, instance)) === undefined ? true : undefined),
  )
  if (gone.kind === 'done') return done(context, operation)
  if (gone.kind === 'unknown') return { kind: 'unknown', failure: gone.error.failure }
  const { failure } = gone.error
  const place = placeOf(instance)
  const again = await makeWhole(context, place, { ...host, computeInstances: [] })
  if (again.kind !== 'done') {
    return again.kind === 'unknown'
      ? { kind: 'unknown', failure }
      : end(context, operation, failure, 'stuck')
  }
  const whole = ownedFrom(place, instance.operation, host, again.value)
  return end(context, operation, failure, 'undone', whole)
}

/**
 * The GPU instance that is ours, or undefined: it has gone, or another was made in its place. One
 * without a compute instance counts as ours: only an operation of ours leaves it so.
 */
export async function findOwned(
  { device }: Context,
  instance: OwnedInstance,
): Promise<GpuInstance | undefined> {
  const found = await instanceAt(device, instance)
  if (found === undefined || found.computeInstances.length === 0) return found
  return wholeOf(found)?.uuid === instance.uuid ? found : undefined
}

/** The instance once it has no process, or null if it is not there; processes throw IN_USE. */
async function proveIdle(context: Context, instance: OwnedInstance): Promise<GpuInstance | null> {
  const found = await findOwned(context, instance)
  if (found === undefined) return null
  const processes = await context.device.processes(instance.gpu)
  const pids = processes
    .filter(({ gpuInstanceId }) => gpuInstanceId === found.id)
    .map(({ pid }) => pid)
  if (pids.length === 0) return found
  throw new DeviceError(inUse(instance, found, pids))
}

function inUse(
  { gpu }: OwnedInstance,
  { id }: GpuInstance,
  pids: readonly number[],
): DeviceFailure {
  return {
    code: 'NVML_ERROR_IN_USE',
    action: `destroy GPU instance ${id} on ${gpu}`,
    state: 'processes still run on it',
    pids: [...new Set(pids)],
  }
}

function done({ book }: Context, operation: number): Outcome {
  book.write({ kind: 'destroy-done', operation })
  return { kind: 'done', instance: null }
}
