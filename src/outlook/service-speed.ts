import { must } from '../base/assert.ts'
import type { ServiceTable } from '../core/workload/service-table.ts'

/** Execution time of a server's batches: as the profile has it, and as it was. */
export type ServerWork = { readonly estimatedSeconds: number; readonly executedSeconds: number }

/** A profile is believed to about this (relative), and so is what so much work says about it. */
const profileDeviation = 0.1
const batchDeviation = 0.05
/** Work after which the mean of the batches seen is as good as `batchDeviation`. */
const unitSeconds = 1

/**
 * What a router measures of its batches: how long they take against the profile, for each tenant
 * and instance class. Nothing is known of a class that a tenant never used.
 */
export class ServiceSpeed {
  readonly #work: (readonly { estimated: number; executed: number }[])[]

  constructor(tenants: number, classes: number) {
    this.#work = Array.from({ length: tenants }, () =>
      Array.from({ length: classes }, () => ({ estimated: 0, executed: 0 })),
    )
  }

  /** More work of one tenant's server. */
  add(tenant: number, classIndex: number, work: ServerWork): void {
    const own = must(this.#work[tenant]?.[classIndex])
    own.estimated += work.estimatedSeconds
    own.executed += work.executedSeconds
  }

  /** Factors on the profile's seconds, by class; shrunk towards 1 as far as little was seen. */
  factorsOf(tenant: number): readonly number[] {
    return must(this.#work[tenant]).map(({ estimated, executed }) => {
      if (estimated <= 0) return 1
      const seen = estimated / unitSeconds / batchDeviation ** 2
      const trusted = 1 / profileDeviation ** 2
      return (trusted + seen * (executed / estimated)) / (trusted + seen)
    })
  }
}

/**
 * The table for batches that take `factors[k]` times as long on class k: capacities change, and
 * shares in time at a load stay what they are.
 */
export function scaledService(table: ServiceTable, factors: readonly number[]): ServiceTable {
  if (factors.every((factor) => factor === 1)) return table
  const single = factors.map((_, k) =>
    table.sets.find(({ counts }) => counts.every((count, j) => count === (j === k ? 1 : 0))),
  )
  const sumOf = (counts: readonly number[], factorOf: (k: number) => number): number =>
    counts.reduce((sum, n, k) => sum + (n * (single[k]?.capacityRps ?? 0)) / factorOf(k), 0)
  return {
    ...table,
    sets: table.sets.map((set) => {
      const before = sumOf(set.counts, () => 1)
      const after = sumOf(set.counts, (k) => must(factors[k]))
      return before === 0 ? set : { ...set, capacityRps: (set.capacityRps * after) / before }
    }),
  }
}
