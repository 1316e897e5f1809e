import type { Rng } from '../base/rng.ts'
import type { ArrivalForecast } from '../core/forecast.ts'
import type { ForecastSettings } from '../core/site.ts'
import { dispersionRoundSmooth, smoothCounts } from '../core/workload/count-statistics.ts'
import { type ArrivalHistory, type Forecaster, slotMeans } from './arrival-history.ts'
import { type BackTest, backTest } from './back-test.ts'
import { ewmaTrend } from './ewma-trend.ts'
import { withInjectedError } from './injected-error.ts'
import { lastWindow } from './last-window.ts'
import { meanReverting } from './mean-reverting.ts'
import { seasonal } from './seasonal.ts'

export type ArrivalForecastInput = {
  readonly settings: ForecastSettings
  /** Requests in each second up to the problem's start, the oldest first. */
  readonly countsPerSecond: ArrayLike<number>
  readonly slotSeconds: number
  readonly slotCount: number
  /** Length of a whole window: what "last window" means, and how far a back-test looks ahead. */
  readonly windowSeconds: number
  /** Draws the injected error; one per tenant and window, so that a re-plan sees the same one. */
  readonly errorRng: Rng
}

export type ScoredArrivalForecast = ArrivalForecast & {
  /** The windows of history it was scored on; the deviation test is calibrated on them. */
  readonly backTest: BackTest | null
}

/** Half-width of the kernel that dispersion is measured round when there is no back-test. */
const smoothReach = 15

/** A tenant's arrivals in the slots of a problem that starts where the history ends. */
export function forecastArrivals(input: ArrivalForecastInput): ScoredArrivalForecast {
  const { settings, slotSeconds, slotCount, windowSeconds } = input
  const history = Float64Array.from(input.countsPerSecond)
  const scored = chosen(settings, history, windowSeconds)
  const horizonSeconds = Math.ceil(slotSeconds * slotCount - 1e-9)
  const { method, ratesRps } = scored.forecaster(history, horizonSeconds, windowSeconds)
  const forecast: ScoredArrivalForecast = {
    method,
    meanRps: slotMeans(ratesRps, slotSeconds, slotCount),
    dispersion: scored.score?.dispersion ?? dispersionOf(history),
    backTestError: scored.score?.error ?? null,
    backTest: scored.score,
  }
  return withInjectedError(forecast, settings.injectedError, input.errorRng)
}

/** A method that is less plain must have been better by more than chance would make it. */
const clearlyBetter = 0.98

type Scored = { readonly forecaster: Forecaster; readonly score: BackTest | null }

/**
 * The method the site names, or with `auto` the one with the least back-test error of this tenant.
 */
function chosen(
  settings: ForecastSettings,
  history: ArrivalHistory,
  windowSeconds: number,
): Scored {
  const scored = candidates(settings).map((forecaster) => ({
    forecaster,
    score: backTest(forecaster, history, windowSeconds),
  }))
  const errorOf = ({ score }: Scored): number => score?.rootMeanSquare ?? Number.POSITIVE_INFINITY
  return scored.reduce((best, other) =>
    errorOf(other) < clearlyBetter * errorOf(best) ? other : best,
  )
}

function candidates(settings: ForecastSettings): readonly [Forecaster, ...Forecaster[]] {
  const bySeason = seasonal(settings.seasonSeconds)
  switch (settings.arrivals) {
    case 'last-window':
      return [lastWindow]
    case 'seasonal':
      return [bySeason]
    case 'ewma-trend':
      return [ewmaTrend]
    case 'auto':
      return [lastWindow, meanReverting, ewmaTrend, bySeason]
  }
}

function dispersionOf(history: ArrivalHistory): number {
  const reach = Math.min(smoothReach, Math.floor(history.length / 4))
  return dispersionRoundSmooth(history, smoothCounts(history, reach), reach)
}
