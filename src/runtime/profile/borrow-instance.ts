import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { must } from '../../base/assert.ts'
import type { DeviceFailure } from '../../devices/device-error.ts'
import { type Applied, applyTargets, presentTargets } from '../../reconfigure/apply-targets.ts'
import type { Context } from '../../reconfigure/context.ts'
import type { OwnedInstance } from '../../reconfigure/journal.ts'
import { isSamePlace } from '../../reconfigure/ledger.ts'
import { readJson, writeJson } from '../daemon/json-file.ts'
import type { Room } from './find-room.ts'

/** A GPU instance for a while; one that was made for it is gone afterwards. */
export type Borrowed = {
  readonly instance: OwnedInstance
  readonly wasMade: boolean
  /** Null: all is as it was; else why the instance is still there. */
  readonly giveBack: () => Promise<string | null>
}

export type BorrowResult =
  | { readonly kind: 'borrowed'; readonly borrowed: Borrowed }
  | { readonly kind: 'refused'; readonly reason: string }

/**
 * What was made and not given back yet. The change is in the journal too; this says which instance
 * it was, by its operation, so that another one in the same place is never taken for it.
 */
type Note = { readonly change: number; readonly operation: number }

const noteName = 'borrowed.json'

/** `folder` keeps the note of what was made, for the next start. */
export async function borrowInstance(
  context: Context,
  room: Exclude<Room, { readonly kind: 'taken' }>,
  { folder, why }: { readonly folder: string; readonly why: string },
): Promise<BorrowResult> {
  if (room.kind === 'idle') {
    const { instance } = room
    const giveBack = async (): Promise<null> => null
    return { kind: 'borrowed', borrowed: { instance, wasMade: false, giveBack } }
  }
  const { gpu, place } = room
  const ledger = context.book.ledger()
  // The node is this process's alone, so these are the next numbers. A note of what never came to
  // be does no harm.
  const note = { change: ledger.changesMade + 1, operation: ledger.operationsMade + 1 }
  writeJson(join(folder, noteName), note satisfies Note)
  const present = await presentTargets(context, [gpu])
  const wanted = [...(present[0]?.wanted ?? []), place]
  const applied = await applyTargets(context, [{ gpu, wanted }], { why, isDryRun: false })
  if (applied.kind !== 'done') return { kind: 'refused', reason: wordsOf(applied) }
  const made = context.book.ledger().owned.find((own) => isSamePlace(own, place))
  const instance = must(made, 'What was made is in the ledger')
  const giveBack = (): Promise<string | null> => takeBack(context, instance, folder)
  return { kind: 'borrowed', borrowed: { instance, wasMade: true, giveBack } }
}

export type Leftover =
  | { readonly kind: 'none' }
  | { readonly kind: 'taken-back'; readonly instance: OwnedInstance }
  | { readonly kind: 'stays'; readonly instance: OwnedInstance; readonly reason: string }

/** Removes the instance that an earlier run was cut off with, if it is still that one. */
export async function takeBackLeftover(context: Context, folder: string): Promise<Leftover> {
  const note = readJson(join(folder, noteName)) as Partial<Note> | null
  const instance = context.book
    .ledger()
    .owned.find(({ operation }) => operation === note?.operation)
  if (instance === undefined) {
    rmSync(join(folder, noteName), { force: true })
    return { kind: 'none' }
  }
  const reason = await takeBack(context, instance, folder)
  return reason === null ? { kind: 'taken-back', instance } : { kind: 'stays', instance, reason }
}

async function takeBack(
  context: Context,
  instance: OwnedInstance,
  folder: string,
): Promise<string | null> {
  const { gpu } = instance
  const note = readJson(join(folder, noteName)) as Partial<Note> | null
  const present = await presentTargets(context, [gpu])
  const wanted = (present[0]?.wanted ?? []).filter((own) => !isSamePlace({ gpu, ...own }, instance))
  const undoes = note?.change === undefined ? {} : { undoes: note.change }
  const applied = await applyTargets(context, [{ gpu, wanted }], {
    why: 'the measurement is over',
    isDryRun: false,
    // The worker has ended; the driver may take a moment to see it.
    drain: async () => {},
    ...undoes,
  })
  if (applied.kind !== 'done' && applied.kind !== 'nothing-to-do') return wordsOf(applied)
  rmSync(join(folder, noteName), { force: true })
  return null
}

function wordsOf(applied: Exclude<Applied, { readonly kind: 'done' }>): string {
  switch (applied.kind) {
    case 'refused':
      return applied.refusals
        .map((own) =>
          own.kind === 'busy' ? `it is in use by pid ${own.pids.join(', ')}` : own.kind,
        )
        .join('; ')
    case 'failed':
      return applied.failures.map(failureWords).join('; ')
    default:
      return applied.kind
  }
}

function failureWords({ action, state, code }: DeviceFailure): string {
  return `cannot ${action}: ${state} (${code})`
}
