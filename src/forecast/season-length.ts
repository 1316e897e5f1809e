import { must } from '../base/assert.ts'
import { type ArrivalHistory, binnedRates, meanOf } from './arrival-history.ts'

const binCountMax = 600
/** Bins hold about this many requests, so that Poisson noise does not drown the season. */
const requestsPerBin = 30
const correlationMin = 0.2
/** Less than this, relative to the mean, is rounding and no season. */
const spreadMin = 1e-6
/** A lag this close to the best correlation is preferred when shorter: multiples repeat too. */
const nearlyBest = 0.9

/**
 * The period of the strongest season in the history, in seconds, by autocorrelation: the shortest
 * lag at which the detrended rate resembles itself nearly as well as at the best lag, refined on
 * the longest of its multiples. Null when nothing repeats, or was not seen twice.
 */
export function seasonLength(history: ArrivalHistory): number | null {
  const mean = meanOf(history)
  if (mean <= 0) return null
  const binSeconds = Math.max(
    1,
    Math.ceil(history.length / binCountMax),
    Math.min(Math.ceil(requestsPerBin / mean), Math.floor(history.length / 100)),
  )
  const bins = detrended(binnedRates(history, binSeconds))
  const spread = Math.sqrt(meanOf(bins.map((rate) => rate * rate)))
  if (spread < spreadMin * mean) return null
  const lagMax = Math.floor(bins.length / 2)
  const correlation = autocorrelation(bins, lagMax)
  const peaks = peaksOf(correlation)
  const limit = Math.max(correlationMin, 3 / Math.sqrt(Math.max(1, bins.length)))
  const best = peaks.reduce((max, lag) => Math.max(max, must(correlation[lag])), 0)
  if (best < limit) return null
  const lag = must(peaks.find((peak) => must(correlation[peak]) >= nearlyBest * best))
  return refined(correlation, peaks, lag) * binSeconds
}

/** The rates less their least-squares line. */
function detrended(rates: Float64Array): Float64Array {
  const middle = (rates.length - 1) / 2
  const mean = meanOf(rates)
  let covariance = 0
  let variance = 0
  for (let i = 0; i < rates.length; i += 1) {
    covariance += (i - middle) * ((rates[i] as number) - mean)
    variance += (i - middle) ** 2
  }
  const slope = variance > 0 ? covariance / variance : 0
  return rates.map((rate, i) => rate - mean - slope * (i - middle))
}

/** Correlation of the series with itself at lags 0..lagMax, each over the pairs there are. */
function autocorrelation(values: Float64Array, lagMax: number): Float64Array {
  return Float64Array.from({ length: lagMax + 1 }, (_, lag) => {
    let product = 0
    let early = 0
    let late = 0
    for (let i = lag; i < values.length; i += 1) {
      const a = values[i - lag] as number
      const b = values[i] as number
      product += a * b
      early += a * a
      late += b * b
    }
    return early > 0 && late > 0 ? product / Math.sqrt(early * late) : 0
  })
}

/**
 * Lags of local maxima after the correlation has first fallen below half, as it must in a season.
 */
function peaksOf(correlation: Float64Array): readonly number[] {
  const fallen = correlation.findIndex((value) => value < 0.5)
  const peaks: number[] = []
  if (fallen < 0) return peaks
  for (let lag = Math.max(2, fallen); lag < correlation.length - 1; lag += 1) {
    const value = correlation[lag] as number
    const isRise = value > (correlation[lag - 1] as number)
    if (isRise && value >= (correlation[lag + 1] as number)) peaks.push(lag)
  }
  return peaks
}

/** The peak's place between bins; the peak nearest to each multiple of it divides the error. */
function refined(correlation: Float64Array, peaks: readonly number[], lag: number): number {
  let period = vertex(correlation, lag)
  for (let multiple = 2; multiple * period < correlation.length - 1; multiple += 1) {
    const wanted = multiple * period
    const near = peaks.find((peak) => Math.abs(peak - wanted) < 0.25 * period)
    if (near === undefined || must(correlation[near]) < 0.5 * must(correlation[lag])) break
    period = vertex(correlation, near) / multiple
  }
  return period
}

/** Where the parabola through a maximum and its neighbours is highest. */
function vertex(values: Float64Array, at: number): number {
  const before = must(values[at - 1])
  const after = must(values[at + 1])
  const curve = before - 2 * must(values[at]) + after
  return curve < 0 ? at + (before - after) / (2 * curve) : at
}
