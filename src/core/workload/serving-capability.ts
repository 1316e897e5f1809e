import { assert, must } from '../../base/assert.ts'
import type { Provenance, ServingCapability } from './serving.ts'

/** The execution time of one batch of `items` items, alone on its GPU instance. */
export type BatchPoint = { readonly items: number; readonly latencySeconds: number }

export type ServingCapabilityResult =
  | { readonly kind: 'capable'; readonly capability: ServingCapability }
  /** Even one item takes too long; with `sloSecondsMin` the instance would serve. */
  | { readonly kind: 'slo-too-tight'; readonly sloSecondsMin: number }

/** Share of the SLO that one item alone may take: what is left waits, travels and varies. */
const aloneShareMax = 0.9

/**
 * What a model measured at these batch sizes (ascending, at least one) can sustain within the SLO.
 *
 * With late binding a request may find every instance at the beginning of a batch: it waits for
 * that batch and then runs in the next, so a batch is safe if two of its executions fit into the
 * SLO. `itemsMax` is the size with the best throughput among the safe ones, the smallest of equals;
 * if none is safe, 1 where one item alone fits into nine tenths of the SLO. Between measured
 * batches the latency is interpolated linearly; below the first, a batch takes as long as the first
 * (padding).
 */
export function servingCapability(input: {
  readonly points: readonly BatchPoint[]
  readonly sloSeconds: number
  readonly provenance: Provenance
}): ServingCapabilityResult {
  const { points, sloSeconds, provenance } = input
  const last = checkedLast(points)
  const latencySeconds = [0]
  for (let n = 1; n <= last.items; n += 1) latencySeconds.push(latencyAt(points, n))
  const itemsMax = bestSafeItems(latencySeconds, sloSeconds)
  if (itemsMax === null) {
    return { kind: 'slo-too-tight', sloSecondsMin: sloSecondsMinOf(latencySeconds) }
  }
  const capability: ServingCapability = {
    itemsMax,
    latencySeconds: latencySeconds.slice(0, itemsMax + 1),
    capacityItemsPerSecond: itemsMax / must(latencySeconds[itemsMax]),
    provenance,
  }
  return { kind: 'capable', capability }
}

/** Seconds that a batch of `items` takes, 1 <= items <= the last measured batch. */
export function latencyAt(points: readonly BatchPoint[], items: number): number {
  const first = must(points[0])
  if (items <= first.items) return first.latencySeconds
  const above = points.findIndex((point) => point.items >= items)
  const high = must(points[above], `No batch as large as ${items} was measured`)
  const low = must(points[above - 1])
  const share = (items - low.items) / (high.items - low.items)
  return low.latencySeconds + share * (high.latencySeconds - low.latencySeconds)
}

function bestSafeItems(latencySeconds: readonly number[], sloSeconds: number): number | null {
  let best: number | null = null
  let bestThroughput = 0
  for (let n = 1; n < latencySeconds.length; n += 1) {
    const latency = must(latencySeconds[n])
    if (2 * latency <= sloSeconds && n / latency > bestThroughput) {
      best = n
      bestThroughput = n / latency
    }
  }
  if (best !== null) return best
  return must(latencySeconds[1]) <= aloneShareMax * sloSeconds ? 1 : null
}

/** The tightest SLO that the rule above accepts. */
function sloSecondsMinOf(latencySeconds: readonly number[]): number {
  const twice = 2 * Math.min(...latencySeconds.slice(1))
  return Math.min(must(latencySeconds[1]) / aloneShareMax, twice)
}

function checkedLast(points: readonly BatchPoint[]): BatchPoint {
  for (const [i, { items, latencySeconds }] of points.entries()) {
    assert(Number.isInteger(items) && items > 0, `A batch has at least one item, not ${items}`)
    assert(latencySeconds > 0 && latencySeconds < Infinity, 'A latency is positive and finite')
    assert(i === 0 || items > must(points[i - 1]).items, 'Batches are ascending')
  }
  return must(points.at(-1), 'A model is measured at one batch size at least')
}
