import { assert, must } from '../../base/assert.ts'
import type { Rng } from '../../base/rng.ts'
import { type Interval, mean } from '../statistics.ts'

/** Resamples of a bootstrap interval. */
export const resamples = 2000

/**
 * Mean over groups of the mean within each, and its 95 % interval by a hierarchical bootstrap
 * (percentiles; Davison and Hinkley 1997, section 3.8): groups are drawn with replacement, then
 * values within each drawn group. Groups are scenarios, values are seeds; none is empty.
 */
export function bootstrap(groups: readonly (readonly number[])[], rng: Rng): Interval {
  assert(groups.length > 0, 'A bootstrap needs at least one group')
  const centre = mean(groups.map(mean))
  const means = Float64Array.from({ length: resamples }, () => resampledMean(groups, rng)).sort()
  return { mean: centre, low: quantile(means, 0.025), high: quantile(means, 0.975) }
}

function resampledMean(groups: readonly (readonly number[])[], rng: Rng): number {
  let sum = 0
  for (let g = 0; g < groups.length; g += 1) {
    const values = must(groups[rng.integer(groups.length)])
    let inside = 0
    for (let i = 0; i < values.length; i += 1)
      inside += values[rng.integer(values.length)] as number
    sum += inside / values.length
  }
  return sum / groups.length
}

/** Linear between the two values next to it. */
function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1)
  const low = Math.floor(at)
  const below = sorted[low] as number
  const above = sorted[Math.min(sorted.length - 1, low + 1)] as number
  return below + (above - below) * (at - low)
}
