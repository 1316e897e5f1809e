import { assert } from '../../base/assert.ts'

/**
 * Counts per second smoothed with a triangular kernel of `reach` seconds to each side (reach 0
 * leaves them as they are), for the seconds from `from` to `until`; cut and renormalised at the
 * array's ends.
 */
export function smoothCounts(
  counts: ArrayLike<number>,
  reach: number,
  { from = 0, until = counts.length }: { readonly from?: number; readonly until?: number } = {},
): Float64Array {
  assert(Number.isInteger(reach) && reach >= 0, 'A kernel reaches a whole number of seconds')
  const result = new Float64Array(until - from)
  for (let i = from; i < until; i += 1) {
    const first = Math.max(0, i - reach)
    const last = Math.min(counts.length - 1, i + reach)
    let sum = 0
    let weights = 0
    for (let j = first; j <= last; j += 1) {
      const weight = reach + 1 - Math.abs(i - j)
      sum += weight * (counts[j] as number)
      weights += weight
    }
    result[i - from] = sum / weights
  }
  return result
}

/**
 * Variance over mean of counts round the rate that `smoothCounts` made of them with that reach, 1
 * for Poisson. A smoothed value contains its own count, so independent counts leave only 1 - 2 w_0
 * + sum w_j^2 of their variance as residual (w: the kernel). 1 when there is nothing to see.
 */
export function dispersionRoundSmooth(
  counts: ArrayLike<number>,
  smoothed: ArrayLike<number>,
  reach: number,
): number {
  if (reach < 1) return 1
  const norm = (reach + 1) ** 2
  let squares = 0
  for (let j = -reach; j <= reach; j += 1) squares += ((reach + 1 - Math.abs(j)) / norm) ** 2
  const left = 1 - (2 * (reach + 1)) / norm + squares
  let residual = 0
  let mean = 0
  for (let i = 0; i < counts.length; i += 1) {
    residual += ((counts[i] as number) - (smoothed[i] as number)) ** 2
    mean += smoothed[i] as number
  }
  return mean > 0 ? residual / (left * mean) : 1
}
