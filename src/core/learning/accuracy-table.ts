/**
 * Accuracy of a model on a drifting stream, as measured by running the learner of `src/learning` many
 * times (scripts/make-accuracy-tables.ts). "Drift" is the distance the concept has moved (for the
 * rotating hyperplane: radians), so a table does not know about seconds.
 */
export type AccuracyTable = {
  readonly id: string
  readonly source: string
  /** Drift between a version's labels and the moment it is judged; ascending, from 0. */
  readonly driftGrid: readonly number[]
  /** Drift between the starting version's labels and the new labels, when training starts. */
  readonly stalenessGrid: readonly number[]
  readonly configurations: readonly MeasuredConfiguration[]
}

export type MeasuredConfiguration = {
  readonly id: string
  readonly epochs: number
  /** Labelled samples it trains on in each epoch; epochs x samples is its work. */
  readonly samplesPerEpoch: number
  /** [staleness][drift]: mean accuracy after the whole training. */
  readonly accuracy: readonly (readonly number[])[]
  /** Standard deviation over repeated trainings, of the accuracy right after training. */
  readonly accuracySpread: number
  /** [staleness][epoch 0..epochs]: mean accuracy at drift 0 while training. */
  readonly learningCurve: readonly (readonly number[])[]
}

/** How a tenant's stream drifts: steadily, and in sudden shifts. */
export type Drift = {
  readonly distancePerSecond: number
  readonly shifts: readonly { readonly atSeconds: number; readonly distance: number }[]
}
