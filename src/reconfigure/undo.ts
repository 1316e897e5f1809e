import { type Applied, type ApplyOptions, applyTargets } from './apply-targets.ts'
import type { Target } from './change-layout.ts'
import type { Context } from './context.ts'
import type { Change, LedgerData } from './journal.ts'
import { lastChange } from './ledger.ts'

/** The layouts that were there before the change that `undo` would take back. */
export type UndoTarget = { readonly change: Change; readonly targets: readonly Target[] }

/** Null: the journal knows of nothing on these GPUs that could be undone. */
export function undoTarget(ledger: LedgerData, gpus: readonly string[]): UndoTarget | null {
  const change = lastChange(ledger, gpus)
  if (change === undefined) return null
  return { change, targets: change.gpus.map(({ gpu, from }) => ({ gpu, wanted: from })) }
}

export type Undone =
  | { readonly kind: 'nothing-to-undo' }
  | { readonly kind: 'undone'; readonly change: Change; readonly applied: Applied }

/** Back to the last state before the newest change that still stands. */
export async function undo(
  context: Context,
  gpus: readonly string[],
  options: Omit<ApplyOptions, 'why' | 'undoes'>,
): Promise<Undone> {
  const target = undoTarget(context.book.ledger(), gpus)
  if (target === null) return { kind: 'nothing-to-undo' }
  const { change, targets } = target
  const why = `undo of change ${change.change} (${change.why})`
  const applied = await applyTargets(context, targets, { ...options, why, undoes: change.change })
  return { kind: 'undone', change, applied }
}
