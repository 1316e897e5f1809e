/**
 * What a forecaster expects of one tenant's arrivals in the slots of a planning problem.
 * `meanRps[t]` is the mean rate in slot t, requests per second; `dispersion` is the variance of the
 * per-second counts round that mean over the mean (1 = Poisson).
 */
export type ArrivalForecast = {
  readonly method: string
  readonly meanRps: readonly number[]
  readonly dispersion: number
  /**
   * Mean absolute error over mean rate on the history (back-test); null with too little history.
   */
  readonly backTestError: number | null
}

/**
 * What one retraining configuration is expected to do for one tenant.
 * `secondsByClass[k]` is the whole work on instance class k (worker start not included), null where
 * it cannot run (memory) or is unknown. `accuracyAfter[t]` is the accuracy in slot t of the version
 * it would make from the labels available at the problem's start; it does not depend on when within
 * the window the retraining runs, because labels arrive at window starts.
 */
export type RetrainingForecast = {
  readonly configurationId: string
  readonly secondsByClass: readonly (number | null)[]
  readonly accuracyAfter: readonly number[]
  /** Accuracy of that version over the terminal horizon after the problem's end. */
  readonly accuracyTerminal: number
  /** Half-width of the interval of the predicted accuracy. */
  readonly accuracyUncertainty: number
}
