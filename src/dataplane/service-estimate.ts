import { assert } from '../base/assert.ts'
import type { ServingCapability } from '../core/workload/serving.ts'

/**
 * How much longer than the profile an execution may take and its batch still be in time. Profiles
 * are never exact, and under overload every batch is cut at the edge of its oldest request's time.
 * With servers a tenth slower than their profile (the combinations named in batch-rule.ts, load
 * 1.2) 0.75 of the requests are in time with this margin and 0.64 without; with exact profiles it
 * costs less than a thousandth.
 */
const marginShare = 0.1

/** A profile's latency table in the form that the cutting of a batch reads. Index 0 is unused. */
export type ServiceEstimate = {
  readonly itemsMax: number
  /** Execution time of a batch of n items, as the profile says it. */
  readonly latencySeconds: Float64Array
  /**
   * The same, never falling with n: measured tables dip here and there, and the search for a
   * batch relies on "what fits n items fits fewer".
   */
  readonly boundSeconds: Float64Array
  /** `boundSeconds` with a margin: what a batch is cut by. */
  readonly safeSeconds: Float64Array
  readonly capacityItemsPerSecond: number
}

/** The estimate behind a capability; AssertionError when its table does not cover itemsMax. */
export function serviceEstimate(capability: ServingCapability): ServiceEstimate {
  const { itemsMax, capacityItemsPerSecond } = capability
  assert(Number.isInteger(itemsMax) && itemsMax > 0, `A batch holds items, not ${itemsMax}`)
  const latencySeconds = Float64Array.from(capability.latencySeconds.slice(0, itemsMax + 1))
  assert(latencySeconds.length === itemsMax + 1, `No latency for a batch of ${itemsMax} items`)
  latencySeconds[0] = 0
  const boundSeconds = new Float64Array(itemsMax + 1)
  for (let n = 1; n <= itemsMax; n += 1) {
    const seconds = latencySeconds[n] as number
    assert(seconds > 0 && seconds < Infinity, `${n} items take ${seconds} s`)
    boundSeconds[n] = Math.max(boundSeconds[n - 1] as number, seconds)
  }
  const safeSeconds = boundSeconds.map((seconds) => (1 + marginShare) * seconds)
  return { itemsMax, latencySeconds, boundSeconds, safeSeconds, capacityItemsPerSecond }
}

/**
 * Seconds for `items` in one go. More than `itemsMax` is one request too large for a batch: its
 * worker runs it as full batches one after the other and a rest.
 */
export function executionSeconds(estimate: ServiceEstimate, items: number): number {
  const { itemsMax, latencySeconds } = estimate
  if (items <= itemsMax) return latencySeconds[items] as number
  const full = Math.floor(items / itemsMax)
  const rest = latencySeconds[items - full * itemsMax] as number
  return full * (latencySeconds[itemsMax] as number) + rest
}

/** What a request of `items` takes at least, alone in a batch: the bound for the lateness rule. */
export function boundSecondsAlone(estimate: ServiceEstimate, items: number): number {
  if (items <= estimate.itemsMax) return estimate.boundSeconds[items] as number
  return executionSeconds(estimate, items)
}
