import type { Rng } from '../base/rng.ts'
import type { ArrivalForecast } from '../core/forecast.ts'

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
