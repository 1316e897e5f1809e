/**
 * A tenant's true arrivals, for the lab. `ratesRps[i]` is the mean rate in second
 * `i - historySeconds` of the run; the first `historySeconds` entries lie before t = 0 and are the
 * only ones that a forecaster may be fitted on.
 */
export type ArrivalSeries = {
  readonly ratesRps: Float64Array
  readonly historySeconds: number
  /** Coefficient of variation of the gaps between requests within a second; 1 = Poisson. */
  readonly gapCv: number
  /** Items per request: 1, or drawn from this distribution of (items, share) pairs. */
  readonly items: readonly { readonly items: number; readonly share: number }[]
  /**
   * What was done to the source, in words: "azure-llm conversation, x180, rate resampled as
   * Poisson".
   */
  readonly description: string
}
