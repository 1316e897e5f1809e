import type { Interval } from '../statistics.ts'
import type { SuiteBudget } from './suite-row.ts'

/** What `migrator compare --suite -o json` prints: everything derives from the rows. */
export type SuiteResult = {
  readonly scenarios: readonly ScenarioResult[]
  /** Mean paired relative gain of the reference over each other policy, best known first. */
  readonly gains: readonly PolicyGain[]
  /** Where the reference's gain comes from; null where these rows were not run. */
  readonly sources: readonly SourceOfGain[] | null
  readonly overhead: readonly OverheadResult[] | null
  /** Plans that know the overhead against those blind to it and cold; null as `overhead`. */
  readonly awareAgainstBlind: AwareAgainstBlind | null
  readonly ownObjectives: OwnObjectiveResult
  readonly reference: string
  readonly seeds: readonly number[]
  readonly intervals: string
  readonly budget: BudgetResult
  /** Hashes of the code and of the scenarios with their data. */
  readonly inputs: { readonly code: string; readonly scenarios: string }
}

export type ScenarioResult = {
  readonly name: string
  readonly isContinuousLearning: boolean
  readonly seeds: readonly number[]
  /** Requests in a run, mean over the seeds. */
  readonly requests: number
  readonly policies: Readonly<Record<string, ScenarioPolicy>>
  /** Upper bound of Goodput by mechanism, over the seeds. */
  readonly bounds: Readonly<Record<string, Interval>>
  /** The best of the other policies, and of those that are no oracles. */
  readonly bestOther: BestOther | null
  readonly bestOtherToldNoTruth: BestOther | null
}

export type ScenarioPolicy = {
  /** Over the seeds, Student's interval. */
  readonly goodput: Interval
  readonly sloAttainment: number
  readonly accuracy: number
  /** Goodput of the reference less this policy's, seed by seed; null for the reference. */
  readonly pairedDifference: Interval | null
  /** The same over this policy's Goodput. */
  readonly pairedRelativeGain: Interval | null
  readonly shareOfBound: number
  readonly isOracle: boolean
  readonly own: {
    readonly windowAccuracy: number
    readonly windowAccuracyAnswered: number
    readonly windowsWithinSlo: number
  }
  /** Over the SLO, worst tenant, mean over the seeds; at `latencyShares`. */
  readonly latencyOverSlo: readonly number[]
  readonly shed: number
  readonly late: number
  readonly lost: number
  readonly capacityLostRequests: number
  readonly reconfigurations: number
  readonly retrainings: number
  readonly work: { readonly plans: number; readonly stepsMean: number; readonly stepsMax: number }
}

export type BestOther = {
  readonly policy: string
  readonly pairedDifference: Interval
  /** The reference is behind it by more than the interval. */
  readonly isReferenceBehind: boolean
}

export type PolicyGain = {
  readonly over: string
  readonly continuousLearning: Gain | null
  readonly all: Gain
}

/** Bootstrap over scenarios, then seeds. */
export type Gain = {
  readonly relative: Interval
  /** In Goodput, 0 to 1. */
  readonly absolute: Interval
  readonly scenarios: number
}

export type SourceOfGain = {
  readonly source: string
  /** What was run instead. */
  readonly without: string
  /** Goodput of the reference less that. */
  readonly absolute: Interval
  readonly relative: Interval
  readonly scenarios: number
  readonly seeds: number
}

/** The same plans carried out cold and pre-initialised, over all rows of a planner. */
export type OverheadResult = {
  readonly planner: string
  readonly runs: number
  readonly lostCold: number
  readonly lostPreInitialised: number
  /** 1 - sum lost pre-initialised / sum lost cold. */
  readonly reduction: number | null
  /** Mean over the runs that lose something cold, bootstrapped; null where none does. */
  readonly meanReduction: Interval | null
  readonly reconfigurationsCold: number
  readonly reconfigurationsPreInitialised: number
  readonly goodputCold: number
  readonly goodputPreInitialised: number
  readonly plansLeftOut: number
}

export type AwareAgainstBlind = {
  readonly aware: string
  readonly blind: string
  readonly runs: number
  readonly lostAware: number
  readonly lostBlind: number
  readonly reduction: number | null
  readonly meanReduction: Interval | null
  readonly reconfigurationsAware: number
  readonly reconfigurationsBlind: number
}

export type OwnObjectiveResult = {
  /** Ekya's: mean over scenarios. */
  readonly windowAccuracy: readonly {
    readonly policy: string
    readonly continuousLearning: number | null
    readonly all: number
    readonly answered: number
  }[]
  /** PARIS's and Astraea's; null where no peak loads were run. */
  readonly peakLoad: readonly PeakLoadResult[] | null
}

export type PeakLoadResult = {
  readonly scenario: string
  /** Requests per second, mean over the seeds; 0 where nothing that was tried was borne. */
  readonly policies: Readonly<Record<string, { readonly mean: number; readonly seeds: number }>>
}

/** What was allowed, and what it came to. */
export type BudgetResult = SuiteBudget & {
  readonly runs: number
  readonly requestsMean: number
  readonly requestsMax: number
  /** Of the reference's plans. */
  readonly stepsMean: number
  readonly stepsMax: number
  readonly chargedSecondsMean: number
  readonly gapMean: number | null
}
