import type { Rng } from '../base/rng.ts'
import { type LearnerModel, type TrainingSettings, trainEpoch } from './learner.ts'
import { firstSamples, type SampleSet } from './stream.ts'

/** A way to retrain: how long, on how much of the labels, how fast, which layers. */
export type RetrainingConfiguration = {
  readonly id: string
  readonly describe: string
  readonly epochs: number
  /** Share of the available labels it trains on, the same ones in each epoch. */
  readonly dataShare: number
  readonly training: TrainingSettings
}

export function samplesPerEpoch(configuration: RetrainingConfiguration, labels: number): number {
  return Math.max(1, Math.round(configuration.dataShare * labels))
}

/**
 * Trains the model in place for one epoch of the configuration. The epoch's order depends on
 * `rng`'s name and the epoch alone: a run resumed from a checkpoint equals one that was never
 * interrupted.
 */
export function retrainEpoch(
  model: LearnerModel,
  labels: SampleSet,
  configuration: RetrainingConfiguration,
  { epoch, rng }: { readonly epoch: number; readonly rng: Rng },
): void {
  const used = firstSamples(labels, samplesPerEpoch(configuration, labels.count))
  trainEpoch(model, used, configuration.training, rng.split(`epoch ${epoch}`))
}
