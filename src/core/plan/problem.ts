import type { ArrivalForecast, RetrainingForecast } from '../forecast.ts'
import type { GpuModel } from '../mig/gpu-model.ts'
import type { ServiceTable } from '../workload/service-table.ts'
import type { ServingCapability } from '../workload/serving.ts'

/**
 * Everything a policy may know when it decides: one value, plain data (it can be hashed, written to
 * a file and sent to a thread). Slot t of the problem covers
 * [startSeconds + t x slotSeconds, startSeconds + (t + 1) x slotSeconds).
 */
export type PlanningProblem = {
  readonly windowIndex: number
  readonly startSeconds: number
  readonly slotSeconds: number
  readonly slotCount: number
  readonly gpus: readonly PlanningGpu[]
  /** The kinds of GPU instance that the site has; per-class arrays below are parallel to it. */
  readonly classes: readonly InstanceClass[]
  readonly tenants: readonly PlanningTenant[]
  /** GPU instances that exist now (at startSeconds), with their workers. */
  readonly running: readonly RunningInstance[]
  /** At the start of a run the first layout is given: what serves in slot 0 needs no warm-up. */
  readonly isFirstLayoutFree: boolean
  readonly costs: ReconfigurationCosts
  /** An instance, once serving, is kept at least this long. 0 = no limit. */
  readonly residenceSecondsMin: number
  /** How long after the problem's end its final accuracy still counts (terminal value). */
  readonly terminalSeconds: number
  /** Absent: on a GPU instance the worker before must be gone before the next one starts. */
  readonly takeovers?: Takeovers
}

/**
 * What says whether two workers fit one GPU instance for the while in which one takes over from the
 * other (design 001, line 2a). In MiB; null: not known, then nobody is put beside it.
 */
export type Takeovers = {
  /** What an instance of each class has. */
  readonly memoryMiB: readonly (number | null)[]
  /** [tenant][class]: what a worker takes there. */
  readonly inferenceMiB: readonly (readonly (number | null)[])[]
  readonly retrainingMiB: readonly (readonly (number | null)[])[]
}

export type PlanningGpu = {
  readonly id: string
  readonly model: GpuModel
  /** Profiles that plans may use (NVML ids). */
  readonly profileIds: readonly number[]
  /** Memory slices that must stay untouched: failed, foreign or drained placements. */
  readonly blocked: readonly BlockedPlacement[]
}

export type BlockedPlacement = {
  readonly start: number
  readonly size: number
  readonly reason: 'failed' | 'foreign' | 'drained'
}

/** GPU instances that serve and train alike: one GPU model and one profile. */
export type InstanceClass = {
  readonly gpuModelId: string
  readonly profileId: number
  readonly name: string
}

/** So many requests of so many items. */
export type ItemsCount = { readonly items: number; readonly count: number }

export type PlanningTenant = {
  readonly id: string
  readonly weight: number
  readonly sloSeconds: number
  /** Goodput of one request answered in time and correctly: weight over the run's requests. */
  readonly valuePerAnswer: number
  readonly arrivals: ArrivalForecast
  /** Mean items in a request; capacity in requests per second is items per second over this. */
  readonly itemsPerRequest: number
  /** Requests that were seen, by their items; absent: all alike, or nobody looked. */
  readonly observedItems?: readonly ItemsCount[]
  /** Per class: how it serves there; null: misses the SLO, does not fit or is unknown. */
  readonly serving: readonly (ServingCapability | null)[]
  readonly service: ServiceTable
  /** Seconds from an existing instance to a worker ready to serve (start, load, cut-over). */
  readonly inferenceStartSeconds: number
  /** Seconds from an existing instance to a retraining worker's first step. */
  readonly retrainingStartSeconds: number
  /** Expected accuracy of the deployed version in each slot (drift included), and after the end. */
  readonly accuracyDeployed: readonly number[]
  readonly accuracyTerminal: number
  /** Retraining configurations that may be started; doing none is always allowed. */
  readonly retraining: readonly RetrainingForecast[]
  /** A retraining that already runs or waits with a checkpoint. It excludes starting another. */
  readonly underWay: RetrainingUnderWay | null
  /** Least share of arrivals to answer in time over the problem, if the site asks for one. */
  readonly sloAttainmentMin: number | null
}

export type RetrainingUnderWay = {
  /** `secondsByClass` is what remains; accuracy as of its own labels. */
  readonly forecast: RetrainingForecast
  /** Where it runs now, or null when it waits as a checkpoint. */
  readonly instanceId: string | null
  /** Extra seconds to restore its checkpoint on another instance. */
  readonly restoreSeconds: number
}

/** A GPU instance that exists, placed, and the worker on it. */
export type RunningInstance = {
  readonly id: string
  readonly gpu: number
  readonly profileId: number
  readonly start: number
  readonly worker: RunningWorker | null
}

export type RunningWorker = {
  readonly tenant: string
  readonly role: 'inference' | 'retraining'
  /** Seconds from the problem's start until it serves or trains; 0 = already does. */
  readonly readyInSeconds: number
}

export type ReconfigurationCosts = {
  /** Creating (destroying) one GPU instance with its compute instance; serial on each GPU. */
  readonly createSeconds: number
  readonly destroySeconds: number
  /** Traffic lost when a prepared instance takes over, or a worker swaps in a new version. */
  readonly cutOverSeconds: number
  readonly checkpointSeconds: number
}
