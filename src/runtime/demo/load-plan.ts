import type { Drift } from '../../core/learning/accuracy-table.ts'
import type { Site } from '../../core/site.ts'

/** What the load generator is to do, as plain data for its thread. */
export type LoadPlan = {
  readonly site: Site
  readonly seed: number
  /** Seconds of the run before the simulation's arrivals begin; load is sent then too. */
  readonly leadSeconds: number
  /** Labels come back so long after their answers. */
  readonly labelDelaySeconds: number
}

/** What came of the requests of one tenant that were due in one second, as its clients saw it. */
export type LoadSecond = {
  readonly sent: number
  /** Answered within the SLO. */
  readonly inTime: number
  readonly late: number
  /** Told to come again later (503), as shed requests are. */
  readonly shed: number
  /** Everything else: broken connections, other answers. */
  readonly failed: number
  /** Items of answers in time, and how many of them were right. */
  readonly items: number
  readonly correct: number
}

export type LoadReport = {
  readonly kind: 'report'
  /** [tenant][second of the run]. */
  readonly tenants: readonly (readonly LoadSecond[])[]
  /** What failed and how often, in words. */
  readonly failures: Readonly<Record<string, number>>
}

export type LoadMessage =
  /** Everything is drawn beforehand, so that the first requests are sent in time. */
  | { readonly kind: 'go'; readonly target: LoadTarget }
  | { readonly kind: 'stop' }
  | { readonly kind: 'report' }

export type LoadTarget = {
  /** Where the router listens: `http://127.0.0.1:8000`. */
  readonly url: string
  /** When the run began, by the host's monotonic clock. */
  readonly epochHostSeconds: number
}

export type LoadAnswer = { readonly kind: 'ready' } | LoadReport

/** The drift during the lead, so that t = 0 of the lab has the staleness that it says. */
export function leadStaleness(drift: Drift, initialStaleness: number, leadSeconds: number): number {
  return Math.max(0, initialStaleness - drift.distancePerSecond * leadSeconds)
}
