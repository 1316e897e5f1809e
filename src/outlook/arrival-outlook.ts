import { must } from '../base/assert.ts'
import type { Rng } from '../base/rng.ts'
import type { ArrivalForecast } from '../core/forecast.ts'
import type { Site } from '../core/site.ts'
import { slotMeans } from '../forecast/arrival-history.ts'
import type { BackTest } from '../forecast/back-test.ts'
import { forecastArrivals } from '../forecast/forecast-arrivals.ts'

/** What is expected of one tenant's arrivals, in the problem's slots and second by second. */
export type ArrivalOutlook = {
  readonly forecast: ArrivalForecast
  /** Mean rate in each second from `fromSecond` on. */
  readonly perSecond: { readonly fromSecond: number; readonly meanRps: readonly number[] }
  readonly backTest: BackTest | null
  /** Requests expected in the whole run, those that came included. */
  readonly requestsOfRun: number
}

export type ArrivalMoment = {
  readonly nowSeconds: number
  readonly startSeconds: number
  readonly slotCount: number
  /** Requests in each second before the run, the oldest first. */
  readonly historyCounts: Float64Array
  /** Requests in each whole second of the run so far. */
  readonly arrived: Float64Array
  /** How long the run is thought to last: what a tenant's requests are counted over. */
  readonly runSeconds: number
  /** The same one for re-plans within a window. */
  readonly errorRng: Rng
}

/** Forecast from what arrived up to now, history included; nothing later is looked at. */
export function foreseeArrivals(site: Site, moment: ArrivalMoment): ArrivalOutlook {
  const { startSeconds, slotCount, historyCounts, arrived, errorRng } = moment
  const { slotSeconds, windowSeconds } = site
  const fromSecond = Math.floor(moment.nowSeconds)
  const counts = new Float64Array(historyCounts.length + fromSecond)
  counts.set(historyCounts)
  counts.set(arrived.subarray(0, fromSecond), historyCounts.length)
  const ahead = startSeconds - fromSecond
  const { meanRps, dispersion, method, backTestError, backTest } = forecastArrivals({
    settings: site.forecast,
    countsPerSecond: counts,
    slotSeconds: 1,
    slotCount: Math.ceil(ahead + slotCount * slotSeconds),
    windowSeconds,
    errorRng,
  })
  const forecast: ArrivalForecast = {
    method,
    meanRps: slotMeans(meanRps.slice(Math.round(ahead)), slotSeconds, slotCount),
    dispersion,
    backTestError,
  }
  return {
    forecast,
    perSecond: { fromSecond, meanRps },
    backTest,
    requestsOfRun: requestsExpected(moment, counts, meanRps),
  }
}

/** What came, and for the rest of the run the mean rate of all that was seen. */
function requestsExpected(
  { historyCounts, runSeconds }: ArrivalMoment,
  counts: Float64Array,
  meanRps: readonly number[],
): number {
  const seen = counts.length
  const came = sumOf(counts.subarray(historyCounts.length))
  const left = runSeconds - (seen - historyCounts.length)
  const usual = seen > 0 ? sumOf(counts) / seen : sumOf(meanRps) / Math.max(1, meanRps.length)
  return came + left * usual
}

function sumOf(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i += 1) sum += must(values[i])
  return sum
}
