import { must } from '../../base/assert.ts'
import type { ItemsCount } from '../../core/plan/problem.ts'
import type { BatchDistribution } from './instance-counts.ts'
import { type SizeProfile, throughputAt } from './size-profile.ts'

/** Iterations of the fixed point below; it has converged long before. */
const iterations = 50

/**
 * The batches that a server forms which takes what has arrived while it was busy: one and a Poisson
 * number of further requests, with the mean that keeps up with the rate, 1..itemsMax. A stand-in
 * for the batch distribution that PARIS is given, where requests do not come as batches.
 */
export function formedBatches(
  profile: SizeProfile,
  rateItemsPerSecond: number,
  itemsMax: number,
): BatchDistribution {
  let further = 0
  for (let i = 0; i < iterations; i += 1) {
    const items = Math.min(itemsMax, 1 + further)
    further = rateItemsPerSecond * (items / throughputAt(profile, items))
    if (further >= itemsMax) break
  }
  const shares = [0, ...poisson(Math.min(further, itemsMax), itemsMax)]
  const total = shares.reduce((sum, share) => sum + share, 0)
  return shares.map((share) => share / total)
}

/** Chances of 0..count-1, up to a factor: by ratios, so that large means do not underflow. */
function poisson(mean: number, count: number): readonly number[] {
  const mode = Math.min(count - 1, Math.floor(mean))
  const chances = new Array<number>(count).fill(0)
  chances[mode] = 1
  for (let n = mode + 1; n < count; n += 1) chances[n] = (must(chances[n - 1]) * mean) / n
  for (let n = mode - 1; n >= 0; n -= 1) {
    chances[n] = mean === 0 ? 0 : (must(chances[n + 1]) * (n + 1)) / mean
  }
  return chances
}

/** The distribution of queries that came as batches, cut to itemsMax. */
export function observedBatches(seen: readonly ItemsCount[], itemsMax: number): BatchDistribution {
  const total = seen.reduce((sum, { count }) => sum + count, 0)
  const shares = new Array<number>(itemsMax + 1).fill(0)
  for (const { items, count } of seen) {
    const n = Math.min(itemsMax, items)
    shares[n] = must(shares[n]) + count / total
  }
  return shares
}
