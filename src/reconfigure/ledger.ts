import { must, unreachable } from '../base/assert.ts'
import type { Change, Entry, LedgerData, OpenOperation, OwnedInstance, Place } from './journal.ts'

/** Changes that `undo` and people can look back on. */
const changesKept = 50

export const emptyLedger: LedgerData = {
  owned: [],
  open: [],
  stuck: [],
  changes: [],
  session: null,
  operationsMade: 0,
  changesMade: 0,
}

export function ledgerOf(entries: readonly Entry[]): LedgerData {
  return entries.reduce(withEntry, emptyLedger)
}

/** The ledger once that entry has been written too. */
export function withEntry(ledger: LedgerData, entry: Entry): LedgerData {
  switch (entry.kind) {
    case 'snapshot':
      return entry.ledger
    case 'session-begun':
      return { ...ledger, session: entry.before }
    case 'session-ended':
      return { ...ledger, session: null }
    case 'change-begun':
      return withChange(ledger, entry)
    case 'change-ended': {
      const { change, result } = entry
      const changes = ledger.changes.map((own) =>
        own.change === change ? { ...own, result } : own,
      )
      return { ...ledger, changes }
    }
    default:
      return withOperation({ ...ledger, operationsMade: numberAfter(ledger, entry) }, entry)
  }
}

type OperationEntry = Exclude<
  Entry,
  {
    readonly kind: 'snapshot' | 'change-begun' | 'change-ended' | 'session-begun' | 'session-ended'
  }
>

function withOperation(ledger: LedgerData, entry: OperationEntry): LedgerData {
  const { operation } = entry
  switch (entry.kind) {
    case 'create-begun': {
      const { place } = entry
      return withOpen(ledger, { kind: 'create', operation, place, isGpuInstanceMade: false })
    }
    case 'destroy-begun': {
      const { instance } = entry
      const place = placeOf(instance)
      const open = { kind: 'destroy', operation, place, instance } as const
      return withOpen(ledger, { ...open, isComputeInstanceGone: false })
    }
    case 'gpu-instance-created':
      return changedOpen(ledger, operation, (open) =>
        open.kind === 'create' ? { ...open, isGpuInstanceMade: true } : open,
      )
    case 'compute-instance-destroyed':
      return changedOpen(ledger, operation, (open) =>
        open.kind === 'destroy' ? { ...open, isComputeInstanceGone: true } : open,
      )
    case 'create-done':
    case 'adopted':
      return owning(closed(ledger, operation), entry.instance)
    case 'destroy-done':
      return withoutPlace(closed(ledger, operation), openOf(ledger, operation).place)
    case 'operation-failed': {
      const { place } = openOf(ledger, operation)
      const without = withoutPlace(closed(ledger, operation), place)
      const left = entry.instance === null ? without : owning(without, entry.instance)
      return entry.remains === 'undone' ? left : { ...left, stuck: [...left.stuck, place] }
    }
    case 'forgotten':
    case 'place-recovered':
      return withoutPlace(ledger, entry.place)
    default:
      return unreachable(entry)
  }
}

export function placeOf({ gpu, profileId, placement }: Place): Place {
  return { gpu, profileId, placement: { start: placement.start, size: placement.size } }
}

export function isSamePlace(a: Place, b: Place): boolean {
  return (
    a.gpu === b.gpu &&
    a.profileId === b.profileId &&
    a.placement.start === b.placement.start &&
    a.placement.size === b.placement.size
  )
}

/**
 * The change on these GPUs that `undo` would take back: the newest that left something behind and
 * has not been taken back, so that one undo after the other goes further back.
 */
export function lastChange({ changes }: LedgerData, gpus: readonly string[]): Change | undefined {
  const undone = changes.flatMap(({ undoes, result }) =>
    undoes !== undefined && result === 'done' ? [undoes] : [],
  )
  return changes.findLast(
    (own) =>
      own.undoes === undefined &&
      own.result !== 'rolled-back' &&
      !undone.includes(own.change) &&
      own.gpus.some(({ gpu }) => gpus.includes(gpu)),
  )
}

function numberAfter(ledger: LedgerData, { operation }: OperationEntry): number {
  return Math.max(ledger.operationsMade, operation)
}

function openOf(ledger: LedgerData, operation: number): OpenOperation {
  return must(
    ledger.open.find((own) => own.operation === operation),
    `The journal ends operation ${operation}, which it never began`,
  )
}

function withOpen(ledger: LedgerData, open: OpenOperation): LedgerData {
  return { ...ledger, open: [...ledger.open, open] }
}

function changedOpen(
  ledger: LedgerData,
  operation: number,
  change: (open: OpenOperation) => OpenOperation,
): LedgerData {
  const open = ledger.open.map((own) => (own.operation === operation ? change(own) : own))
  return { ...ledger, open }
}

function closed(ledger: LedgerData, operation: number): LedgerData {
  return { ...ledger, open: ledger.open.filter((own) => own.operation !== operation) }
}

function owning(ledger: LedgerData, instance: OwnedInstance): LedgerData {
  const without = withoutPlace(ledger, instance)
  return { ...without, owned: [...without.owned, instance] }
}

/** Nothing of ours is at that place any more, whole or stuck. */
function withoutPlace(ledger: LedgerData, place: Place): LedgerData {
  return {
    ...ledger,
    owned: ledger.owned.filter((own) => !isSamePlace(own, place)),
    stuck: ledger.stuck.filter((own) => !isSamePlace(own, place)),
  }
}

function withChange(
  ledger: LedgerData,
  { kind: _, ...begun }: Extract<Entry, { kind: 'change-begun' }>,
): LedgerData {
  return {
    ...ledger,
    changes: [...ledger.changes, { ...begun, result: null }].slice(-changesKept),
    changesMade: Math.max(ledger.changesMade, begun.change),
  }
}
