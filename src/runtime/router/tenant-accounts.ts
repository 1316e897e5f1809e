import { DurationHistogram } from '../../observe/histogram.ts'
import type { LatencySummary, OutcomeCounts, VersionCounts } from './protocol.ts'

export type Outcome = 'inTime' | 'late' | 'failed' | 'shed' | 'refused' | 'invalid' | 'abandoned'

type Counts = { -readonly [K in keyof OutcomeCounts]: number }
type ByVersion = Map<string, { inTime: number; late: number; failed: number }>

/** Versions come and go; of so many the totals are kept, the newest. */
const versionsMax = 200

export type CountedSpan = {
  readonly counts: OutcomeCounts
  readonly byVersion: Readonly<Record<string, VersionCounts>>
  readonly latency: LatencySummary
}

/**
 * What became of one tenant's requests: in all, and since the last `take`. Each request is counted
 * once as arrived and once by its outcome.
 */
export class TenantAccounts {
  readonly #total = new Span()
  #recent = new Span()
  /** Arrived, and without an outcome yet. */
  held = 0

  arrived(): void {
    this.held += 1
    this.#total.counts.arrived += 1
    this.#recent.counts.arrived += 1
  }

  retried(): void {
    this.#total.counts.retried += 1
    this.#recent.counts.retried += 1
  }

  /** `version` where a server had it; `seconds` from arrival to answer, where there is one. */
  settled(outcome: Outcome, version: string | null, seconds: number | null): void {
    this.held -= 1
    this.#total.settled(outcome, version, seconds)
    this.#recent.settled(outcome, version, seconds)
  }

  totals(): CountedSpan {
    return this.#total.summary()
  }

  /** What was counted since the last time, or null: nothing. */
  take(): CountedSpan | null {
    if (!this.#recent.isTouched) return null
    const span = this.#recent
    this.#recent = new Span()
    return span.summary()
  }
}

class Span {
  readonly counts: Counts = {
    arrived: 0,
    inTime: 0,
    late: 0,
    failed: 0,
    shed: 0,
    refused: 0,
    invalid: 0,
    abandoned: 0,
    retried: 0,
  }
  readonly #byVersion: ByVersion = new Map()
  #latency: DurationHistogram | null = null
  #settledCount = 0

  get isTouched(): boolean {
    return this.#settledCount > 0 || this.counts.arrived > 0 || this.counts.retried > 0
  }

  settled(outcome: Outcome, version: string | null, seconds: number | null): void {
    this.#settledCount += 1
    this.counts[outcome] += 1
    if (outcome === 'refused') this.counts.shed += 1
    if (seconds !== null) {
      this.#latency ??= new DurationHistogram()
      this.#latency.add(seconds)
    }
    if (version === null) return
    if (outcome === 'inTime' || outcome === 'late' || outcome === 'failed') {
      this.#versionCounts(version)[outcome] += 1
    }
  }

  summary(): CountedSpan {
    const latency = this.#latency
    return {
      counts: { ...this.counts },
      byVersion: Object.fromEntries(
        [...this.#byVersion].map(([version, counts]) => [version, { ...counts }]),
      ),
      latency: {
        count: latency?.count ?? 0,
        meanSeconds: latency?.mean() ?? 0,
        p50Seconds: latency?.quantile(0.5) ?? 0,
        p99Seconds: latency?.quantile(0.99) ?? 0,
      },
    }
  }

  #versionCounts(version: string): { inTime: number; late: number; failed: number } {
    const known = this.#byVersion.get(version)
    if (known !== undefined) return known
    const counts = { inTime: 0, late: 0, failed: 0 }
    this.#byVersion.set(version, counts)
    if (this.#byVersion.size > versionsMax) {
      const oldest = this.#byVersion.keys().next().value
      if (oldest !== undefined) this.#byVersion.delete(oldest)
    }
    return counts
  }
}
