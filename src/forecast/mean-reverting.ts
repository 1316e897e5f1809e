import { must } from '../base/assert.ts'
import { binnedRates, type Forecaster, meanOf } from './arrival-history.ts'
import { lastWindow } from './last-window.ts'

type Reversion = {
  /** Weight of the newest bin in the level. */
  readonly level: number
  /** Share of the distance from the mean that is left after one bin. */
  readonly left: number
}

const binSecondsMax = 10
const binCountMin = 20
/** What lies further ahead than this many bins has forgotten the level. */
const scoredBinsMax = 30

const reversions: readonly Reversion[] = [
  { level: 1, left: 0 },
  ...[0.3, 0.6, 1].flatMap((level) => [0.3, 0.5, 0.7, 0.85, 0.95].map((left) => ({ level, left }))),
]

/**
 * The mean of all that was seen, approached from the level now: a first-order autoregression on
 * bins of up to 10 s. For loads that jump about a mean, which the last window tells little of. Its
 * two constants are those of a grid that would have forecast the history's bins best.
 */
export const meanReverting: Forecaster = (history, horizonSeconds, windowSeconds) => {
  const binSeconds = Math.max(1, Math.min(binSecondsMax, Math.floor(history.length / binCountMin)))
  const bins = binnedRates(history, binSeconds)
  if (bins.length < binCountMin) return lastWindow(history, horizonSeconds, windowSeconds)
  const ahead = Math.min(scoredBinsMax, Math.max(1, Math.ceil(horizonSeconds / binSeconds)))
  const mean = meanOf(bins)
  const { level, left } = reversions.reduce(
    (best, own) => {
      const error = errorOf(bins, own, ahead)
      return error < best.error ? { error, own } : best
    },
    { error: Number.POSITIVE_INFINITY, own: must(reversions[0]) },
  ).own
  const now = bins.reduce((before, rate) => level * rate + (1 - level) * before, mean)
  const ratesRps = Float64Array.from({ length: horizonSeconds }, (_, second) => {
    return Math.max(0, mean + (now - mean) * left ** ((second + 0.5) / binSeconds + 0.5))
  })
  return { method: 'mean-reverting', ratesRps }
}

/** Sum of squared errors of the next bins, from each bin but the first tenth. */
function errorOf(bins: Float64Array, { level, left }: Reversion, ahead: number): number {
  const mean = meanOf(bins)
  let now = mean
  let error = 0
  for (let origin = 0; origin + 1 < bins.length; origin += 1) {
    now = level * (bins[origin] as number) + (1 - level) * now
    if (origin < bins.length / 10) continue
    let distance = now - mean
    const until = Math.min(bins.length - 1, origin + ahead)
    for (let bin = origin + 1; bin <= until; bin += 1) {
      distance *= left
      error += ((bins[bin] as number) - mean - distance) ** 2
    }
  }
  return error
}
