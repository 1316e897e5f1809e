import type { Entry, Journal, LedgerData } from './journal.ts'
import { ledgerOf, withEntry } from './ledger.ts'

/** The journal and what it amounts to so far, which is never ahead of it. */
export type Book = {
  readonly ledger: () => LedgerData
  readonly write: (entry: Entry) => void
  readonly nextOperation: () => number
  readonly nextChange: () => number
}

export function openBook(journal: Journal): Book {
  let ledger = ledgerOf(journal.entries())
  // Numbers are given out before their first entry is written, and never twice.
  let operations = ledger.operationsMade
  let changes = ledger.changesMade
  return {
    ledger: () => ledger,
    write: (entry) => {
      journal.append(entry)
      ledger = withEntry(ledger, entry)
    },
    nextOperation: () => {
      operations += 1
      return operations
    },
    nextChange: () => {
      changes += 1
      return changes
    },
  }
}
