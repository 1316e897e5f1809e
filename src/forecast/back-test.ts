import { must } from '../base/assert.ts'
import { type ArrivalHistory, type Forecaster, meanOf } from './arrival-history.ts'

/** One window of the history: what was forecast at its start and what came, per second. */
export type BackTestWindow = {
  readonly expectedRps: Float64Array
  readonly counts: Float64Array
}

export type BackTest = {
  /** In time order. */
  readonly windows: readonly BackTestWindow[]
  /** Mean absolute error over mean rate, on means over 10 s; null when nothing arrived. */
  readonly error: number | null
  /** The same by root mean square, which the mean of what can come makes least. */
  readonly rootMeanSquare: number | null
  /** Variance of the counts per second round the forecast, over its mean; 1 = Poisson. */
  readonly dispersion: number
}

/** Windows start half a window apart: twice as many to learn from, neighbours half the same. */
const stride = 1 / 2
const windowsMax = 12
/** An origin with far less history than there is now says little of a forecast made now. */
const historyShareMin = 1 / 3
/**
 * Errors are taken on means over this time: of single seconds they would be Poisson noise alone.
 */
export const scoreBinSeconds = 10

/**
 * Forecasts the last windows of the history, each from what lies before it (rolling origin), and
 * scores them. Null when there is less than one window to score and one to forecast from.
 */
export function backTest(
  forecaster: Forecaster,
  history: ArrivalHistory,
  windowSeconds: number,
): BackTest | null {
  const length = Math.max(1, Math.floor(windowSeconds))
  const windows: BackTestWindow[] = []
  const originMin = Math.max(length, history.length * historyShareMin)
  for (let k = 0; k < windowsMax; k += 1) {
    const origin = history.length - length - Math.round(k * stride * length)
    if (origin < originMin) break
    const before = history.subarray(0, origin)
    const { ratesRps } = forecaster(before, length, windowSeconds)
    windows.unshift({ expectedRps: ratesRps, counts: history.subarray(origin, origin + length) })
  }
  if (windows.length === 0) return null
  return { windows, ...errorsOf(windows), dispersion: dispersionOf(windows) }
}

function errorsOf(windows: readonly BackTestWindow[]): Pick<BackTest, 'error' | 'rootMeanSquare'> {
  let error = 0
  let squares = 0
  let arrived = 0
  let seconds = 0
  for (const { expectedRps, counts } of windows) {
    for (let from = 0; from < counts.length; from += scoreBinSeconds) {
      const until = Math.min(counts.length, from + scoreBinSeconds)
      const came = meanOf(counts, from, until)
      const missed = came - meanOf(expectedRps, from, until)
      error += (until - from) * Math.abs(missed)
      squares += (until - from) * missed ** 2
      arrived += (until - from) * came
      seconds += until - from
    }
  }
  if (arrived <= 0) return { error: null, rootMeanSquare: null }
  return { error: error / arrived, rootMeanSquare: Math.sqrt(squares * seconds) / arrived }
}

/** Squared residuals over expected counts; forecasts of nothing at all say nothing. */
function dispersionOf(windows: readonly BackTestWindow[]): number {
  let residual = 0
  let expected = 0
  for (const { expectedRps, counts } of windows) {
    for (let i = 0; i < counts.length; i += 1) {
      residual += (must(counts[i]) - must(expectedRps[i])) ** 2
      expected += must(expectedRps[i])
    }
  }
  return expected > 0 ? residual / expected : 1
}
