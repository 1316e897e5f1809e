import { assert, must } from '../base/assert.ts'

/** A mean and its two-sided 95 % interval. */
export type Interval = { readonly mean: number; readonly low: number; readonly high: number }

/** 97.5 % quantiles of Student's t for 1..30 degrees of freedom (any statistics table). */
const tQuantiles = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
  2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048,
  2.045, 2.042,
]

/** Beyond 30 degrees of freedom: the Cornish-Fisher expansion of t about the normal quantile. */
function tQuantile(degrees: number): number {
  const z = 1.959964
  return tQuantiles[degrees - 1] ?? z + (z ** 3 + z) / (4 * degrees)
}

/** Arithmetic mean; the list must not be empty. */
export function mean(values: readonly number[]): number {
  assert(values.length > 0, 'A mean needs at least one value')
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** The middle value (mean of the two middle ones); the list must not be empty. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length % 2 === 1) return must(sorted[middle])
  return (must(sorted[middle - 1]) + must(sorted[middle])) / 2
}

/** Student's 95 % interval of the mean. One value has no interval: low = mean = high. */
export function interval95(values: readonly number[]): Interval {
  const centre = mean(values)
  if (values.length < 2) return { mean: centre, low: centre, high: centre }
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0)
  const standardError = Math.sqrt(squares / (values.length - 1) / values.length)
  const half = tQuantile(values.length - 1) * standardError
  return { mean: centre, low: centre - half, high: centre + half }
}
