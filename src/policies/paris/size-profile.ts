import { must } from '../../base/assert.ts'
import type { BatchPoint } from '../../core/workload/serving-capability.ts'

/** Throughput against batch size on instances of one size. */
export type SizeProfile = {
  /** Compute slices. */
  readonly size: number
  /** As measured, ascending. */
  readonly points: readonly BatchPoint[]
}

/** Items per second in batches of `items`: a line between measured batches, flat beyond them. */
export function throughputAt({ points }: SizeProfile, items: number): number {
  const above = points.findIndex((point) => point.items >= items)
  if (above < 0) return rateOf(must(points.at(-1), 'A size is measured at one batch at least'))
  const high = must(points[above])
  const low = points[above - 1]
  if (low === undefined) return rateOf(high)
  const share = (items - low.items) / (high.items - low.items)
  return rateOf(low) + share * (rateOf(high) - rateOf(low))
}

function rateOf({ items, latencySeconds }: BatchPoint): number {
  return items / latencySeconds
}

/** The best that any measured batch gives. */
export function bestThroughput({ points }: SizeProfile): number {
  return Math.max(...points.map(rateOf))
}
