import type { SuiteBudget, SuiteKnobs, SuiteRow } from '../../observe/suite/suite-row.ts'
import type { SiteSource } from '../load-site.ts'

/** One row to be made, as sent to a worker thread. */
export type SuiteTask = {
  readonly kind: SuiteRow['kind']
  readonly scenario: string
  readonly seed: number
  readonly policy: string
  readonly knobs: SuiteKnobs
  readonly budget: SuiteBudget
  readonly inputHash: string
}

/** Tasks of one scenario and seed go to one thread: they share figures, truth and bounds. */
export type SuiteGroup = {
  readonly scenario: string
  readonly seed: number
  readonly tasks: readonly SuiteTask[]
}

export type SuiteWorkerContext = {
  readonly scenarios: readonly { readonly name: string; readonly source: SiteSource }[]
  readonly policyFiles: readonly string[]
}
