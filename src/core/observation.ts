/**
 * What a controller has seen of one tenant when it forecasts: facts with a time, never the truth
 * behind them. The lab and a node fill the same type. Everything in it is known at `atSeconds`;
 * labels that have not come back yet are not in it.
 */
export type TenantObservation = {
  readonly tenant: string
  readonly atSeconds: number
  /** Requests in each whole second up to `atSeconds`, the oldest first. */
  readonly countsPerSecond: ArrayLike<number>
  readonly deployed: DeployedVersion
  readonly accuracySamples: readonly AccuracySample[]
  readonly retrainings: readonly FinishedRetraining[]
  readonly probes: readonly ProbeReading[]
}

/** How many of the labelled answers were correct. */
export type LabelCount = { readonly labelled: number; readonly correct: number }

/** A model version, and up to when the labels reach that it was trained on. */
export type VersionLabels = {
  readonly versionId: string
  readonly versionLabelledUntilSeconds: number
}

/** `heldOut`: its test on labels not trained on, as old as its own; null when there was none. */
export type DeployedVersion = VersionLabels & { readonly heldOut: LabelCount | null }

/** Labels that came back for answers of one version, given round `atSeconds`. */
export type AccuracySample = VersionLabels & LabelCount & { readonly atSeconds: number }

/**
 * A retraining that was done. `seconds` is its whole work on the instance class (worker start left
 * out); before and after are tests on the same held-out labels.
 */
export type FinishedRetraining = VersionLabels & {
  readonly configurationId: string
  /** Index into the problem's instance classes. */
  readonly classIndex: number
  readonly finishedSeconds: number
  readonly seconds: number
  readonly before: LabelCount
  readonly after: LabelCount
}

/** A short trial of a configuration on part of the labels, and what it cost on its instance. */
export type ProbeReading = {
  readonly configurationId: string
  readonly classIndex: number
  readonly atSeconds: number
  readonly costSeconds: number
  /** Ascending in work. */
  readonly points: readonly LearningPoint[]
}

/** A test after some training; `epochs` is work: samples processed over the samples of an epoch. */
export type LearningPoint = LabelCount & { readonly epochs: number }
