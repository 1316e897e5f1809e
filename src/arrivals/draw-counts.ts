import type { Rng } from '../base/rng.ts'
import type { ArrivalSeries } from '../core/workload/arrival-series.ts'

/** A stretch of a series by the index of its rates: index 0 is `historySeconds` before t = 0. */
export type SeriesStretch = { readonly from: number; readonly until: number }

/**
 * Requests in each second of a stretch, drawn from the series: the history that a forecaster sees.
 * Poisson for gaps of cv 1; otherwise a Gamma renewal process in operational time, so that bursts
 * cross the borders of seconds.
 */
export function drawCounts(
  series: ArrivalSeries,
  { from, until }: SeriesStretch,
  rng: Rng,
): Float64Array {
  const rates = series.ratesRps.subarray(from, until)
  if (series.gapCv === 1) return rates.map((rate) => rng.poisson(rate))
  const shape = 1 / series.gapCv ** 2
  let left = rng.uniform() * gapOf(rng, shape)
  return rates.map((rate) => {
    let count = 0
    let room = rate
    while (left < room) {
      count += 1
      room -= left
      left = gapOf(rng, shape)
    }
    left -= room
    return count
  })
}

/** A gap with mean 1; an infinite shape (cv 0) is a constant one. */
function gapOf(rng: Rng, shape: number): number {
  return Number.isFinite(shape) ? rng.gamma(shape) / shape : 1
}
