import { type Applied, type ApplyOptions, applyTargets, presentTargets } from './apply-targets.ts'
import type { Target } from './change-layout.ts'
import type { Context } from './context.ts'

/** What a program that changes layouts all the time does about them when it ends. */
export type OnExit = 'keep' | 'restore'

/** From a program's start to its orderly end; outlives a crash in the journal. */
export type Session = {
  /** The layouts that it found, as `restore` brings them back. */
  readonly before: readonly Target[]
  /** Ends the session. With `restore` its layouts are gone afterwards, or it says why not. */
  readonly end: (
    onExit: OnExit,
    options?: Omit<ApplyOptions, 'why' | 'undoes' | 'isDryRun'>,
  ) => Promise<Ended>
}

export type Ended =
  | { readonly kind: 'kept' }
  | { readonly kind: 'restored'; readonly applied: Applied }

/**
 * Begins a session on those GPUs, after `recover`. One that a crash cut off is taken up again: what
 * was there before it began is what `restore` brings back, and not what the crash left.
 */
export async function beginSession(context: Context, gpus: readonly string[]): Promise<Session> {
  const { book } = context
  const earlier = book.ledger().session
  const now = await presentTargets(context, gpus)
  const before = now.map((own) => earlier?.find(({ gpu }) => gpu === own.gpu) ?? own)
  book.write({ kind: 'session-begun', before })
  return {
    before,
    end: async (onExit, options = {}) => {
      if (onExit === 'keep') {
        book.write({ kind: 'session-ended' })
        return { kind: 'kept' }
      }
      const given = { ...options, isDryRun: false, why: 'restore the layouts from before' }
      const applied = await applyTargets(context, before, given)
      // What could not be restored yet is for the next session to try, or for `undo`.
      if (applied.kind === 'done' || applied.kind === 'nothing-to-do') {
        book.write({ kind: 'session-ended' })
      }
      return { kind: 'restored', applied }
    },
  }
}
