import type { SiteSource } from './load-site.ts'

/** One simulated run, as sent to a worker thread. */
export type RunTask = {
  readonly policy: string
  readonly seed: number
}

/** What every task of a pool shares. */
export type RunTaskContext = {
  readonly source: SiteSource
  /** Of policies that users bring (policy-file/). */
  readonly policyFiles: readonly string[]
}
