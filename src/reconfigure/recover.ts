import { must } from '../base/assert.ts'
import { DeviceError, type DeviceFailure } from '../devices/device-error.ts'
import { type Context, instanceAt, ownedFrom, wholeOf } from './context.ts'
import { end, finishCreate } from './create-instance.ts'
import { finishDestroy } from './destroy-instance.ts'
import { readInventory } from './inventory.ts'
import type { OpenOperation, OwnedInstance, Place } from './journal.ts'
import { placeOf } from './ledger.ts'
import { persist, persistentRead } from './persist.ts'

/** What was found and done about it when a program started after another had ended. */
export type Recovery = {
  readonly finished: readonly Place[]
  readonly undone: readonly Place[]
  /** Gone without our doing: a reboot, a reset, another program. */
  readonly missing: readonly OwnedInstance[]
  readonly recovered: readonly Place[]
  /** Operations that stay open, since the driver could not be asked. */
  readonly unknown: readonly DeviceFailure[]
}

/**
 * Makes the journal and the GPUs agree: whatever operation was open is finished or undone, what is
 * gone is forgotten, what was stuck is tried again. Done again after a crash in the middle of it,
 * it comes to the same.
 */
export async function recover(context: Context, gpus: readonly string[]): Promise<Recovery> {
  const report = newReport()
  const { book } = context
  for (const open of [...book.ledger().open]) {
    if (gpus.includes(open.place.gpu)) await settleOpen(context, open, report)
  }
  for (const place of [...book.ledger().stuck]) {
    if (gpus.includes(place.gpu)) await retryStuck(context, place, report)
  }
  for (const gpu of gpus) await forgetMissing(context, gpu, report)
  for (const { change, result } of book.ledger().changes) {
    if (result === null) book.write({ kind: 'change-ended', change, result: 'interrupted' })
  }
  return report
}

type Report = { -readonly [K in keyof Recovery]: Recovery[K][number][] }

function newReport(): Report {
  return { finished: [], undone: [], missing: [], recovered: [], unknown: [] }
}

async function settleOpen(context: Context, open: OpenOperation, report: Report): Promise<void> {
  const outcome =
    open.kind === 'destroy'
      ? await finishDestroy(context, open.operation, open.instance)
      : await settleCreate(context, open.operation, open.place)
  if (outcome.kind === 'done') report.finished.push(open.place)
  else if (outcome.kind === 'failed') report.undone.push(open.place)
  else report.unknown.push(outcome.failure)
}

/** A place was free when its create began, so what is there now was made by that create. */
async function settleCreate(context: Context, operation: number, place: Place) {
  const found = await persistentRead(
    context,
    async () => (await instanceAt(context.device, place)) ?? null,
  )
  if (found.kind !== 'done') return { kind: 'unknown', failure: found.error.failure } as const
  const host = found.value
  if (host === null) return end(context, operation, interrupted(place), 'undone')
  const inner = wholeOf(host)
  if (inner === undefined) return finishCreate(context, operation, place, host)
  const instance = ownedFrom(place, operation, host, inner)
  context.book.write({ kind: 'create-done', operation, instance })
  return { kind: 'done', instance } as const
}

async function retryStuck(context: Context, place: Place, report: Report): Promise<void> {
  const { device, book } = context
  const gone = await persist(
    context,
    async () => {
      const found = await instanceAt(device, place)
      // Whole means that somebody has finished it: theirs now.
      if (found === undefined || found.computeInstances.length > 0) return true
      await device.destroyGpuInstance(place.gpu, found)
      return true
    },
    async () => ((await instanceAt(device, place)) === undefined ? true : undefined),
  )
  if (gone.kind !== 'done') return
  book.write({ kind: 'place-recovered', operation: book.nextOperation(), place })
  report.recovered.push(place)
}

async function forgetMissing(context: Context, gpu: string, report: Report): Promise<void> {
  const { book } = context
  try {
    const { missing } = await readInventory(context, gpu)
    for (const instance of missing) {
      const place = placeOf(instance)
      book.write({ kind: 'forgotten', operation: book.nextOperation(), place })
      report.missing.push(instance)
    }
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error
    report.unknown.push(error.failure)
  }
}

function interrupted({ gpu, profileId, placement }: Place): DeviceFailure {
  return {
    code: 'NVML_ERROR_UNKNOWN',
    action: `create a GPU instance of profile ${profileId} at ${placement.start} on ${gpu}`,
    state: 'the program ended before the driver was asked',
  }
}

/** Takes what somebody else has made into the ledger, because a person said so. */
export async function adopt(context: Context, gpu: string): Promise<readonly OwnedInstance[]> {
  const { book } = context
  const { unknown } = await readInventory(context, gpu)
  return unknown
    .filter((instance) => wholeOf(instance) !== undefined)
    .map((host) => {
      const place = { gpu, profileId: host.profileId, placement: host.placement }
      const operation = book.nextOperation()
      const instance = ownedFrom(place, operation, host, must(wholeOf(host)))
      book.write({ kind: 'adopted', operation, instance })
      return instance
    })
}
