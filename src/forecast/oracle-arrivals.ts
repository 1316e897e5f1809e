import type { ArrivalForecast } from '../core/forecast.ts'
import type { ArrivalSeries } from '../core/workload/arrival-series.ts'
import { slotMeans } from './arrival-history.ts'

/**
 * The truth in place of a forecast: the rates that arrivals will be drawn from, and the dispersion
 * of counts that gaps of the series' coefficient of variation have in the long run (its square).
 */
export function oracleArrivals(
  truth: ArrivalSeries,
  problem: {
    readonly startSeconds: number
    readonly slotSeconds: number
    readonly slotCount: number
  },
): ArrivalForecast {
  const from = problem.startSeconds + truth.historySeconds
  const rest = slotAligned(truth.ratesRps, from)
  return {
    method: 'oracle',
    meanRps: slotMeans(rest, problem.slotSeconds, problem.slotCount),
    dispersion: truth.gapCv ** 2,
    backTestError: 0,
  }
}

/** Rates per second counted from a start that need not be whole. */
function slotAligned(ratesRps: Float64Array, from: number): Float64Array {
  const whole = Math.floor(from)
  const share = from - whole
  const rest = ratesRps.subarray(whole)
  if (share < 1e-9) return rest
  return rest.map((rate, i) => rate * (1 - share) + (rest[i + 1] ?? rate) * share)
}
