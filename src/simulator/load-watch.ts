import { must } from '../base/assert.ts'

/** A fifth more or less is another load, as it is for deviations from a forecast. */
const relativeChangeMin = 0.2
/** Whoever plans by what was just measured plans again this much later at the earliest. */
const intervalSeconds = 10

/**
 * Watches whether the load of the last `measuredSeconds`, of any tenant, is still the one that the
 * last plan was made with.
 */
export class LoadWatch {
  readonly #measuredSeconds: number
  #planned: readonly number[] = []
  #sinceSeconds = 0

  constructor(measuredSeconds: number) {
    this.#measuredSeconds = measuredSeconds
  }

  /** A plan is made with these rates. */
  begin(nowSeconds: number, plannedRps: readonly number[]): void {
    this.#planned = plannedRps
    this.#sinceSeconds = nowSeconds
  }

  /** `arrived`: requests of each tenant in each second of the run, up to `nowSeconds`. */
  hasMoved(nowSeconds: number, arrived: readonly Float64Array[]): boolean {
    const from = nowSeconds - this.#measuredSeconds
    if (from < 0 || nowSeconds - this.#sinceSeconds < intervalSeconds) return false
    return this.#planned.some((planned, tenant) => {
      const counts = must(arrived[tenant]).subarray(from, nowSeconds)
      const rate = counts.reduce((sum, count) => sum + count, 0) / this.#measuredSeconds
      return Math.abs(rate - planned) > relativeChangeMin * planned
    })
  }
}
