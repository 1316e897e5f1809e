import { smoothCounts } from '../core/workload/count-statistics.ts'
import { type ArrivalHistory, type Forecaster, meanOf } from './arrival-history.ts'
import { lastWindow } from './last-window.ts'
import { seasonLength } from './season-length.ts'

/** An older season counts this much less than the one after it. */
const fadePerSeason = 0.7
/** Half-width of the smoothing kernel, in periods: a sine loses 0.2 % of its amplitude. */
const smoothPeriods = 1 / 40
const levelChangeMax = 2

/**
 * The same moment of earlier seasons, averaged with the recent ones counting more, at the level of
 * the last season. The period is given, or found in the history; without a whole period of history
 * it is the last window's mean, and the method says so.
 */
export function seasonal(givenPeriodSeconds: number | null): Forecaster {
  return (history, horizonSeconds, windowSeconds) => {
    const period = givenPeriodSeconds ?? seasonLength(history)
    if (period === null || period < 2 || history.length < period) {
      const why = period === null ? 'no season found' : 'less than one season of history'
      const { ratesRps } = lastWindow(history, horizonSeconds, windowSeconds)
      return { method: `last-window (${why})`, ratesRps }
    }
    return {
      method: `seasonal (${Math.round(10 * period) / 10} s)`,
      ratesRps: seasonalRates(history, horizonSeconds, period),
    }
  }
}

function seasonalRates(history: ArrivalHistory, horizonSeconds: number, period: number) {
  const smooth = smoothCounts(history, Math.floor(period * smoothPeriods))
  const seasonCount = Math.floor(history.length / period)
  const level = levelChange(history, period, seasonCount)
  return Float64Array.from({ length: horizonSeconds }, (_, ahead) => {
    let sum = 0
    let weights = 0
    const nearest = Math.floor(ahead / period) + 1
    for (let back = nearest; back < nearest + seasonCount; back += 1) {
      const at = history.length + ahead - back * period
      if (at < 0) break
      const weight = fadePerSeason ** (back - nearest)
      sum += weight * between(smooth, at)
      weights += weight
    }
    return weights > 0 ? (level * sum) / weights : meanOf(history)
  })
}

/** The last season's mean over that of the weighted seasons; 1 with less than two. */
function levelChange(history: ArrivalHistory, period: number, seasonCount: number): number {
  if (seasonCount < 2) return 1
  let sum = 0
  let weights = 0
  for (let back = 1; back <= seasonCount; back += 1) {
    const from = Math.max(0, Math.round(history.length - back * period))
    const until = Math.round(history.length - (back - 1) * period)
    const weight = fadePerSeason ** (back - 1)
    sum += weight * meanOf(history, from, until)
    weights += weight
  }
  const recent = meanOf(history, Math.round(history.length - period))
  const change = sum > 0 ? recent / (sum / weights) : 1
  return Math.min(levelChangeMax, Math.max(1 / levelChangeMax, change))
}

/** Linear between the seconds' values; the last one holds past the end. */
function between(values: Float64Array, at: number): number {
  const low = Math.min(values.length - 1, Math.floor(at))
  const high = Math.min(values.length - 1, low + 1)
  const share = at - low
  return (values[low] as number) * (1 - share) + (values[high] as number) * share
}
