import type { SiteKnobs } from '../../core/site-knobs.ts'

/**
 * What was changed for a run beside the scenario: the site's knobs, and what the policy is told of
 * arrivals instead of what it is told as published. Empty for the base grid.
 */
export type SuiteKnobs = SiteKnobs & { readonly arrivals?: 'last-window' | 'forecast' | 'truth' }

/** How much a run may cost, stated with every result. */
export type SuiteBudget = {
  /** Of the site's `planner.workMax`; null = as the scenario says. */
  readonly plannerWork: number | null
}

type RowKey = {
  readonly scenario: string
  readonly seed: number
  readonly policy: string
  readonly knobs: SuiteKnobs
  readonly budget: SuiteBudget
  /** Of all that the row depends on: scenario, data, policy, seed, knobs, budget and code. */
  readonly inputHash: string
}

/** One run of one policy, as one line of a results file; nothing in it differs between times. */
export type RunRow = RowKey & {
  readonly kind: 'run'
  readonly mechanism: string
  /** `truth`: an oracle. */
  readonly toldArrivals: 'forecast' | 'last-window' | 'truth'
  readonly goodput: number
  readonly sloAttainment: number
  readonly accuracy: number
  /** What nobody by this mechanism can exceed in this run. */
  readonly bound: number
  readonly tenants: readonly SuiteTenant[]
  readonly own: OwnObjectives
  readonly capacityLostRequests: number
  readonly reconfigurations: number
  readonly gpuHours: number
  readonly work: {
    readonly plans: number
    readonly infeasible: number
    readonly stepsMean: number
    readonly stepsMax: number
    /** Seconds of the run that planning took, between the question and the plan's start. */
    readonly chargedSeconds: number
    /** Mean proven gap of the plans that have one; null where none has. */
    readonly gapMean: number | null
  }
}

export type SuiteTenant = {
  readonly tenant: string
  readonly sloSeconds: number
  readonly goodput: number | null
  readonly sloAttainment: number | null
  readonly accuracy: number | null
  readonly arrived: number
  readonly inTime: number
  readonly late: number
  readonly shed: number
  /** Failed, or lost with their instance. */
  readonly lost: number
  /** At `latencyShares`, of all answers. */
  readonly latencySeconds: readonly number[]
  readonly retrainings: number
}

/** What baselines were made to maximise, measured in the same run. */
export type OwnObjectives = {
  /** Ekya's: accuracy of the answers of a window, mean over windows and tenants alike. */
  readonly windowAccuracy: number
  /** The same with requests that nobody answered counted as wrong, and late ones as answers. */
  readonly windowAccuracyAnswered: number
  /** Share of (tenant, window) in which 99 % of the requests are answered in time. */
  readonly windowsWithinSlo: number
}

/** One planner's plans, carried out cold and pre-initialised (compareOverhead). */
export type OverheadRow = RowKey & {
  readonly kind: 'overhead'
  readonly cold: OverheadFigures
  readonly preInitialised: OverheadFigures
}

export type OverheadFigures = {
  readonly lostRequests: number
  readonly reconfigurations: number
  readonly plansLeftOut: number
  readonly goodput: number
}

/** PARIS's and Astraea's objective: the highest load with 99 % of everybody's requests in time. */
export type PeakLoadRow = RowKey & {
  readonly kind: 'peak-load'
  /** Times the scenario's mean load; null where not even the least load tried is borne. */
  readonly loadScale: number | null
  /** The least load that was tried and not borne; null where none was. */
  readonly notBorne: number | null
  readonly requestsPerSecond: number | null
}

export type SuiteRow = RunRow | OverheadRow | PeakLoadRow

/** Which runs a row can be compared with: the same world, whatever was spent on planning. */
export function worldKey(row: Pick<SuiteRow, 'kind' | 'scenario' | 'seed' | 'policy' | 'knobs'>) {
  const knobs = Object.entries(row.knobs).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([row.kind, row.scenario, row.seed, row.policy, knobs])
}
