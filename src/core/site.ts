import type { AccuracyTable, Drift } from './learning/accuracy-table.ts'
import type { GpuModel } from './mig/gpu-model.ts'
import type { NodeSettings } from './node-settings.ts'
import type { InstanceClass, ReconfigurationCosts } from './plan/problem.ts'
import type { ArrivalSpec } from './workload/arrival-spec.ts'
import type { ServingCapability } from './workload/serving.ts'
import type { BatchPoint } from './workload/serving-capability.ts'

/** One site, resolved: every name looked up, every file read, every number checked. */
export type Site = {
  readonly name: string
  readonly gpus: readonly SiteGpu[]
  /** Distinct (GPU model, profile) pairs over all GPUs, in a stable order. */
  readonly classes: readonly InstanceClass[]
  readonly tenants: readonly SiteTenant[]
  readonly windowSeconds: number
  readonly slotSeconds: number
  readonly costs: ReconfigurationCosts
  readonly residenceSecondsMin: number
  readonly terminalSeconds: number
  readonly forecast: ForecastSettings
  readonly planner: PlannerSettings
  readonly policy: string
  /** The layout of policy `static`, if the file gives one. */
  readonly staticLayout: readonly StaticInstance[] | null
  readonly node: NodeSettings
  /** Facts only the lab knows; null on a node. */
  readonly simulation: Simulation | null
}

export type SiteGpu = {
  readonly id: string
  readonly model: GpuModel
  readonly profileIds: readonly number[]
}

export type SiteTenant = {
  readonly id: string
  readonly weight: number
  readonly sloSeconds: number
  readonly itemsPerRequest: number
  /** Parallel to `Site.classes`. */
  readonly serving: readonly (ServingCapability | null)[]
  /** The figures behind `serving`, all batch sizes, parallel to it; null where none are known. */
  readonly figures: readonly (readonly BatchPoint[] | null)[]
  readonly memory: WorkerMemory
  readonly inferenceStartSeconds: number
  readonly retrainingStartSeconds: number
  readonly checkpointRestoreSeconds: number
  readonly sloAttainmentMin: number | null
  readonly accuracy: AccuracyTable
  /** Configurations it may retrain with (ids of `accuracy.configurations`), in file order. */
  readonly retraining: readonly SiteRetraining[]
}

/**
 * At most what one worker takes of a GPU instance's memory, MiB, parallel to `Site.classes`; null
 * where it cannot run or nothing says it, and on shares, which have no memory of their own.
 */
export type WorkerMemory = {
  readonly inferenceMiB: readonly (number | null)[]
  readonly retrainingMiB: readonly (number | null)[]
}

export type SiteRetraining = {
  readonly configurationId: string
  /** Samples the real job processes in all; the table's samples scaled to the job. */
  readonly samples: number
  /** Parallel to `Site.classes`: the whole work in seconds, by the profile; null = cannot run. */
  readonly secondsByClass: readonly (number | null)[]
}

export type ForecastSettings = {
  readonly arrivals: 'last-window' | 'seasonal' | 'ewma-trend' | 'auto'
  /** Period of the seasonal forecaster. */
  readonly seasonSeconds: number | null
  /** Relative error put on the forecast on purpose (for what-if); 0 = none. */
  readonly injectedError: number
  /**
   * Standard deviation of an error put on purpose on what a retraining is expected to reach, in
   * accuracy; absent or 0: none.
   */
  readonly injectedAccuracyError?: number
}

export type PlannerSettings = {
  readonly coarseSlotSeconds: number
  readonly gapTarget: number
  /** Counted work: LP iterations of the solver (planner/solver). */
  readonly workMax: number
}

export type StaticInstance = {
  readonly gpu: number
  readonly profileId: number
  readonly start: number
  readonly tenant: string
  readonly role: 'inference' | 'retraining'
}

export type Simulation = {
  readonly durationSeconds: number
  readonly seeds: readonly number[]
  /** Relative spread of the truth round the profile: service, retraining, reconfiguration times. */
  readonly truthSpread: number
  /** Labels of a window's requests arrive at the next window start; share of requests labelled. */
  readonly labelledShare: number
  /** Parallel to `Site.tenants`. */
  readonly tenants: readonly SimulatedTenant[]
}

export type SimulatedTenant = {
  /** A spec, not a series: each seed of a comparison draws its own (arrivals/draw-series.ts). */
  readonly arrivals: ArrivalSpec
  readonly drift: Drift
  /** Drift between the first deployed version's labels and t = 0. */
  readonly initialStaleness: number
}
