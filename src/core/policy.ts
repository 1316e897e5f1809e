import type { Sharing } from './mig/gpu-model.ts'
import type { PlanOutcome } from './plan/outcome.ts'
import type { PlanningProblem } from './plan/problem.ts'

/**
 * When a policy is asked again. Every policy is asked at the start of the run. `deviation`:
 * arrivals have left their forecast. `load-moved`: what was last measured of somebody's arrivals is
 * another load than the one planned with, which takes no forecast to see; only the lab asks then.
 */
export type DecisionEpoch =
  | 'window-start'
  | 'retraining-done'
  | 'deviation'
  | 'load-moved'
  | 'failure'

/**
 * What a policy is told: `truth` makes it an oracle, and its row says so. `last-window` is for
 * policies without a forecaster: the mean rate of the last window, held.
 */
export type Information = {
  readonly arrivals: 'forecast' | 'last-window' | 'truth'
  /** With `last-window`: measured over so many last seconds instead, whole ones. */
  readonly measuredSeconds?: number
  readonly retraining: 'forecast' | 'truth'
  /**
   * Configurations are tried out on a window's new labels, as Ekya's micro-profiler does, and what
   * that takes is added to the retraining that follows. Absent: forecast from what retrainings came
   * to before, at no cost.
   */
  readonly probes?: true
}

/**
 * What becomes of a worker whose successor has to start. Usually it goes first. By `make-first` it
 * serves until its successor does, as far as memory holds both.
 *
 * On a shared GPU a worker keeps the share that it was started with, so a change of share is a new
 * worker; percentages may then add up to more than there is. Under MIG it is about a GPU instance
 * that changes its holder: problems carry `takeovers`, and tenures of a plan may overlap by them
 * (design 001, line 2a).
 */
export type Handover = 'break-first' | 'make-first'

/**
 * How requests find an instance. `late-binding`: they wait in their tenant's queue until one is
 * free. `elsa`: each is bound on arrival, to the smallest instance that still leaves slack.
 */
export type Router = 'late-binding' | 'elsa'

/**
 * One shape for every policy. `plan` is deterministic: the same problem gives the same outcome.
 * `planningSecondsMax` is the simulated time reserved before its plan can take effect.
 */
export type Policy = {
  readonly name: string
  readonly describe: string
  /** Its problems are those of `siteUnder(mechanism, site)` (core/mps/share-site.ts). */
  readonly mechanism: 'mig' | Sharing
  readonly epochs: readonly DecisionEpoch[]
  readonly information: Information
  readonly planningSecondsMax: number
  /** Absent: `break-first`. */
  readonly handover?: Handover
  /** Absent: `late-binding`. */
  readonly router?: Router
  readonly plan: (problem: PlanningProblem) => PlanOutcome
}
