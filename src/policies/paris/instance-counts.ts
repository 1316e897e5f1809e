import { must } from '../../base/assert.ts'
import { type SizeProfile, throughputAt } from './size-profile.ts'

/** Share of the queries that come as a batch of n items, by n; index 0 is unused. */
export type BatchDistribution = readonly number[]

/**
 * PARIS's ideal number of instances of each size, not whole: a query goes to the smallest size
 * whose knee it does not exceed, and each size is supplied in proportion to the time its queries
 * take there, so that all sizes are busy alike. The sizes of all come to `slices`. Where two knees
 * are equal the larger size has no queries of its own, and none is built. Reconstructed.
 */
export function idealInstanceCounts(
  profiles: readonly SizeProfile[],
  knees: readonly number[],
  distribution: BatchDistribution,
  slices: number,
): readonly number[] {
  const seconds = profiles.map((profile, i) => {
    let sum = 0
    for (let n = (knees[i - 1] ?? 0) + 1; n <= must(knees[i]); n += 1) {
      const queriesPerSecond = throughputAt(profile, n) / n
      sum += (distribution[n] ?? 0) / queriesPerSecond
    }
    return sum
  })
  const weight = profiles.reduce((sum, { size }, i) => sum + size * must(seconds[i]), 0)
  return seconds.map((own) => (weight === 0 ? 0 : (own * slices) / weight))
}

/** Log-normal batch sizes with that median and deviation of the logarithm, cut to 1..itemsMax. */
export function logNormalBatches(
  median: number,
  deviation: number,
  itemsMax: number,
): BatchDistribution {
  const density = Array.from({ length: itemsMax + 1 }, (_, n) => {
    if (n === 0) return 0
    return Math.exp(-(Math.log(n / median) ** 2) / (2 * deviation ** 2)) / n
  })
  const total = density.reduce((sum, own) => sum + own, 0)
  return density.map((own) => own / total)
}
