import { assert } from '../base/assert.ts'

/** Requests in each second up to now, the oldest first: all that an arrival forecaster may read. */
export type ArrivalHistory = Float64Array

/**
 * A way to forecast: the mean rate in each of the next `horizonSeconds` seconds, and how the method
 * is called with what it chose. `windowSeconds` is the length of a planning window.
 */
export type Forecaster = (
  history: ArrivalHistory,
  horizonSeconds: number,
  windowSeconds: number,
) => RateForecast

export type RateForecast = { readonly method: string; readonly ratesRps: Float64Array }

/** The mean of `values[from..until)`; 0 when that is empty. */
export function meanOf(values: ArrayLike<number>, from = 0, until = values.length): number {
  let sum = 0
  for (let i = from; i < until; i += 1) sum += values[i] as number
  return until > from ? sum / (until - from) : 0
}

/**
 * Mean of each whole bin of `binSeconds`, counted back from the end; a rest at the start is left.
 */
export function binnedRates(counts: Float64Array, binSeconds: number): Float64Array {
  assert(Number.isInteger(binSeconds) && binSeconds >= 1, 'A bin holds whole seconds')
  const binCount = Math.floor(counts.length / binSeconds)
  const first = counts.length - binCount * binSeconds
  return Float64Array.from({ length: binCount }, (_, bin) =>
    meanOf(counts, first + bin * binSeconds, first + (bin + 1) * binSeconds),
  )
}

/**
 * Means over the slots of a problem of a rate given per second; a slot need not hold whole seconds.
 * Seconds past the end of `ratesRps` count as its last.
 */
export function slotMeans(
  ratesRps: ArrayLike<number>,
  slotSeconds: number,
  slotCount: number,
): readonly number[] {
  const last = ratesRps.length - 1
  return Array.from({ length: slotCount }, (_, slot) => {
    const until = (slot + 1) * slotSeconds
    let at = slot * slotSeconds
    let sum = 0
    while (at < until - 1e-9) {
      const next = Math.min(until, Math.floor(at + 1e-9) + 1)
      sum += (next - at) * (ratesRps[Math.min(last, Math.floor(at + 1e-9))] ?? 0)
      at = next
    }
    return sum / slotSeconds
  })
}
