/** Why the journal cannot be used. Nothing may be changed on a GPU without one. */
export type JournalErrorCode = 'JOURNAL_LOCKED' | 'JOURNAL_UNREADABLE' | 'JOURNAL_UNWRITABLE'

export class JournalError extends Error {
  override readonly name = 'JournalError'
  readonly code: JournalErrorCode

  constructor(code: JournalErrorCode, action: string, state: string) {
    super(`Cannot ${action}: ${state} (${code})`)
    this.code = code
  }
}
