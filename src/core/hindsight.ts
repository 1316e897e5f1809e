import type { PlanningProblem, PlanningTenant } from './plan/problem.ts'

/**
 * A whole run with the true arrivals and the true outcome of every retraining. What a tenant's
 * accuracy will be depends on what it retrained before, so windows are asked for with a history.
 */
export type Hindsight = {
  /** One problem a window, in order, as they are when nobody ever retrains. */
  readonly windows: readonly PlanningProblem[]
  /**
   * Accuracies and retraining outcomes of tenant `tenant` (an index) in window `window`, if before
   * that window it did the retrainings `history`, oldest first.
   */
  readonly outlook: (
    tenant: number,
    window: number,
    history: readonly RetrainingDone[],
  ) => AccuracyOutlook
}

/** A retraining on the labels that were there at the start of window `window`. */
export type RetrainingDone = { readonly window: number; readonly configurationId: string }

export type AccuracyOutlook = Pick<
  PlanningTenant,
  'accuracyDeployed' | 'accuracyTerminal' | 'retraining'
>
