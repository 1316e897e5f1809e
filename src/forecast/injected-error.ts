import type { Rng } from '../base/rng.ts'
import type { ArrivalForecast, RetrainingForecast } from '../core/forecast.ts'
import { asShare } from './horizon.ts'

/**
 * The forecast with a relative error put on it on purpose, to ask how much a plan depends on it:
 * all slots times one lognormal factor with mean 1 and standard deviation `relativeError`. 0 leaves
 * it as it is.
 */
export function withInjectedError<T extends ArrivalForecast>(
  forecast: T,
  relativeError: number,
  rng: Rng,
): T {
  if (relativeError <= 0) return forecast
  const sigma = Math.sqrt(Math.log1p(relativeError ** 2))
  const factor = Math.exp(sigma * rng.normal() - (sigma * sigma) / 2)
  return {
    ...forecast,
    method: `${forecast.method}, injected error ${relativeError}`,
    meanRps: forecast.meanRps.map((rate) => rate * factor),
  }
}

/**
 * What a retraining is expected to reach, wrong on purpose: all slots moved by one normal error
 * with mean 0 and standard deviation `deviation`, in accuracy. Ekya (NSDI 2022) puts errors of up
 * to 0.2 on what its micro-profiler estimates.
 */
export function withAccuracyError(
  forecast: RetrainingForecast,
  deviation: number,
  rng: Rng,
): RetrainingForecast {
  if (deviation <= 0) return forecast
  const error = deviation * rng.normal()
  return {
    ...forecast,
    accuracyAfter: forecast.accuracyAfter.map((accuracy) => asShare(accuracy + error)),
    accuracyTerminal: asShare(forecast.accuracyTerminal + error),
  }
}
