import { must } from '../base/assert.ts'
import type { Rng } from '../base/rng.ts'
import type { ArrivalForecast } from '../core/forecast.ts'
import type { Site } from '../core/site.ts'
import { slotMeans } from '../forecast/arrival-history.ts'
import type { BackTest } from '../forecast/back-test.ts'
import { forecastArrivals } from '../forecast/forecast-arrivals.ts'
import { oracleArrivals } from '../forecast/oracle-arrivals.ts'
import type { TenantTruth } from './truth.ts'

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
  /** Requests in each whole second of the run so far. */
  readonly arrived: Float64Array
  /** The same one for re-plans within a window. */
  readonly errorRng: Rng
}

/** Forecast from what arrived up to now, history included; nothing later is looked at. */
export function foreseeArrivals(
  site: Site,
  truth: TenantTruth,
  moment: ArrivalMoment,
): ArrivalOutlook {
  const { startSeconds, slotCount, arrived, errorRng } = moment
  const { slotSeconds, windowSeconds } = site
  const fromSecond = Math.floor(moment.nowSeconds)
  const counts = new Float64Array(truth.historyCounts.length + fromSecond)
  counts.set(truth.historyCounts)
  counts.set(arrived.subarray(0, fromSecond), truth.historyCounts.length)
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
    requestsOfRun: requestsExpected(site, counts, truth.historyCounts.length, meanRps),
  }
}

/** The truth instead, for oracles. */
export function knowArrivals(
  site: Site,
  truth: TenantTruth,
  moment: Pick<ArrivalMoment, 'nowSeconds' | 'startSeconds' | 'slotCount'>,
): ArrivalOutlook {
  const { nowSeconds, startSeconds, slotCount } = moment
  const { arrivals } = truth
  const { slotSeconds } = site
  const forecast = oracleArrivals(arrivals, { startSeconds, slotSeconds, slotCount })
  const fromSecond = Math.floor(nowSeconds)
  const ofRun = arrivals.ratesRps.subarray(arrivals.historySeconds)
  return {
    forecast,
    perSecond: { fromSecond, meanRps: Array.from(ofRun.subarray(fromSecond)) },
    backTest: null,
    requestsOfRun: ofRun.reduce((sum, rate) => sum + rate, 0),
  }
}

/** What came, and for the rest of the run the mean rate of all that was seen. */
function requestsExpected(
  site: Site,
  counts: Float64Array,
  historySeconds: number,
  meanRps: readonly number[],
): number {
  const { durationSeconds } = must(site.simulation)
  const seen = counts.length
  const came = sumOf(counts.subarray(historySeconds))
  const left = durationSeconds - (seen - historySeconds)
  const usual = seen > 0 ? sumOf(counts) / seen : sumOf(meanRps) / Math.max(1, meanRps.length)
  return came + left * usual
}

function sumOf(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i += 1) sum += must(values[i])
  return sum
}
