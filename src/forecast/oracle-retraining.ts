import type { RetrainingForecast } from '../core/forecast.ts'
import { type Horizon, type OverHorizon, overHorizon } from './horizon.ts'

/** The truth of a retraining configuration, as only a simulator knows it. */
export type RetrainingTruth = {
  readonly configurationId: string
  /** Parallel to the problem's classes. */
  readonly secondsByClass: readonly (number | null)[]
  /** True accuracy, at a moment, of the version it would make from the labels of now. */
  readonly accuracyAt: (atSeconds: number) => number
}

/** The truth in place of a forecast. */
export function oracleRetraining(truth: RetrainingTruth, horizon: Horizon): RetrainingForecast {
  const { perSlot, terminal } = overHorizon(horizon, truth.accuracyAt)
  return {
    configurationId: truth.configurationId,
    secondsByClass: truth.secondsByClass,
    accuracyAfter: perSlot,
    accuracyTerminal: terminal,
    accuracyUncertainty: 0,
  }
}

/** The true accuracy of the deployed version over a horizon. */
export function oracleDeployed(
  accuracyAt: (atSeconds: number) => number,
  horizon: Horizon,
): OverHorizon {
  return overHorizon(horizon, accuracyAt)
}
