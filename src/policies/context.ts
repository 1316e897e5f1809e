import type { PlanningProblem, PlanningTenant } from '../core/plan/problem.ts'
import type { Site } from '../core/site.ts'
import type { Solver } from '../planner/solver.ts'

/** What a policy is made with, before it is asked for its first plan. */
export type PolicyContext = {
  readonly site: Site
  /** Null where nobody brought one: policies that solve an ILP then plan nothing. */
  readonly solver: Solver | null
  /** The whole run, known in advance: the lab gives it to oracle policies only. */
  readonly hindsight: Hindsight | null
}

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
  ) => TenantOutlook
}

/** A retraining on the labels that were there at the start of window `window`. */
export type RetrainingDone = { readonly window: number; readonly configurationId: string }

export type TenantOutlook = Pick<
  PlanningTenant,
  'accuracyDeployed' | 'accuracyTerminal' | 'retraining'
>
