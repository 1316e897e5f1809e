import { must } from '../base/assert.ts'
import { type GpuModel, profileById } from '../core/mig/gpu-model.ts'
import type { PlacedProfile } from '../core/mig/placement.ts'
import type { Plan } from '../core/plan/plan.ts'
import type { BlockedPlacement } from '../core/plan/problem.ts'
import type { Handover } from '../core/policy.ts'
import type { MemoryNeed } from '../core/workload/memory-need.ts'
import type { InstanceMemory } from './instance-memory.ts'

/** Everything the executor knows: plain data, replaced as a whole by `advance`. */
export type ExecutorState = {
  readonly nowSeconds: number
  readonly gpus: readonly GpuState[]
  /** GPU instances that exist, in the order of their creation. */
  readonly instances: readonly InstanceState[]
  readonly tenants: readonly TenantState[]
  readonly accepted: AcceptedPlan | null
  readonly handover: Handover
  /** What it takes until a routed worker serves: who takes over is routed so much ahead. */
  readonly cutOverSeconds: number
  /** By which a worker may load a version beside its own; null: nothing is known of it. */
  readonly instanceMemory: InstanceMemory | null
  /** Set while a plan is being made: nothing that falls due after it is acted on. */
  readonly frozen: FrozenMoment | null
  readonly timerSeconds: number | null
  /** Instances created so far, for ids that never repeat. */
  readonly instancesMade: number
  readonly jobsMade: number
}

export type GpuState = {
  readonly model: GpuModel
  readonly blocked: readonly BlockedPlacement[]
  /** Operations are serial on a GPU: the one under way. */
  readonly operation: { readonly kind: 'create' | 'destroy'; readonly instanceId: string } | null
  /** Destroys refused in a row, and from when to try again. */
  readonly refusals: number
  readonly retryFromSeconds: number
}

export type InstanceState = {
  readonly id: string
  readonly gpu: number
  readonly profileId: number
  readonly start: number
  readonly phase: 'creating' | 'live' | 'destroying'
  readonly worker: WorkerState | null
  /** When the phase began. */
  readonly sinceSeconds: number
  /** Since when it is live without a worker. */
  readonly idleSinceSeconds: number | null
  /**
   * Set while this is the second worker's entry on the GPU instance of that other one, from which
   * it takes over: same place, no operation of its own (control/pairs.ts).
   */
  readonly besides?: string
}

export type WorkerState = InferenceWorker | RetrainingWorker

export type InferenceWorker = {
  readonly kind: 'inference'
  readonly tenant: string
  readonly version: string
  readonly phase:
    | 'starting'
    | 'ready'
    | 'cutting-over'
    | 'serving'
    | 'switching'
    | 'draining'
    | 'drained'
    | 'stopping'
  readonly sinceSeconds: number
  /** Of a switch of version: the one before serves on meanwhile. */
  readonly isBeside?: true
}

export type RetrainingWorker = {
  readonly kind: 'retraining'
  readonly tenant: string
  readonly jobId: string
  readonly phase:
    | 'starting'
    | 'training'
    | 'checkpointing'
    | 'checkpointed'
    | 'finished'
    | 'stopping'
  readonly sinceSeconds: number
}

export type TenantState = {
  readonly id: string
  /** The version every worker of the tenant is to serve. */
  readonly version: string
  /** What its workers take where GPUs are shared. */
  readonly memory: MemoryNeed
  readonly job: RetrainingJob | null
  /** A finished retraining that is being judged. */
  readonly candidate: { readonly version: string; readonly isMeasuring: boolean } | null
}

/** A retraining from its start to its version, over any number of workers. */
export type RetrainingJob = {
  readonly id: string
  readonly configurationId: string
  readonly startedSeconds: number
  /** Where a worker carries it on; null while it waits as a checkpoint. */
  readonly instanceId: string | null
  readonly waitingSinceSeconds: number | null
  /** Shares of the whole work: done as last reported, and safe in the last checkpoint. */
  readonly fraction: number
  readonly checkpointFraction: number
  readonly hasCheckpoint: boolean
}

export type FrozenMoment = {
  readonly atSeconds: number
  /** The retraining of each tenant that the planner was told about. */
  readonly jobs: ReadonlyMap<string, string>
}

export type AcceptedPlan = {
  readonly plan: Plan
  /** Parallel to `plan.instances`. */
  readonly progress: readonly InstanceProgress[]
  /** The job that each tenant's retraining tenure stands for, once it is known. */
  readonly jobs: ReadonlyMap<string, string>
  readonly overrunsReported: readonly string[]
}

export type InstanceProgress = {
  /** The GPU instance that stands for the planned one, if it exists. */
  readonly instanceId: string | null
  /** The first tenure that is not over. */
  readonly tenureIndex: number
  /** The entry beside it, on which the next tenure begins before this one is over. */
  readonly nextInstanceId?: string | null
}

export type FirstTenant = {
  readonly id: string
  /** The version it starts with. */
  readonly version: string
  /** Where it does not matter or is unknown: none. */
  readonly memory?: MemoryNeed
}

/** What takeovers and switches of version go by. */
type InstanceFacts = Pick<ExecutorState, 'cutOverSeconds' | 'instanceMemory'>

const unknownNeed: MemoryNeed = { inferenceMiB: null, retrainingMiB: null }

/** A node with nothing on it. */
export function initialState(
  gpus: readonly GpuModel[],
  tenants: readonly FirstTenant[],
  handover: Handover = 'break-first',
  { cutOverSeconds = 0, instanceMemory = null }: Partial<InstanceFacts> = {},
): ExecutorState {
  return {
    nowSeconds: 0,
    gpus: gpus.map((model) => ({
      model,
      blocked: [],
      operation: null,
      refusals: 0,
      retryFromSeconds: 0,
    })),
    instances: [],
    tenants: tenants.map(({ id, version, memory = unknownNeed }) => {
      return { id, version, memory, job: null, candidate: null }
    }),
    accepted: null,
    handover,
    cutOverSeconds,
    instanceMemory,
    frozen: null,
    timerSeconds: null,
    instancesMade: 0,
    jobsMade: 0,
  }
}

export function findInstance(state: ExecutorState, id: string): InstanceState | undefined {
  return state.instances.find((instance) => instance.id === id)
}

export function tenantOf(state: ExecutorState, id: string): TenantState {
  return must(
    state.tenants.find((tenant) => tenant.id === id),
    `No tenant ${id}`,
  )
}

/** The instance as geometry. */
export function placedOf(state: ExecutorState, instance: InstanceState): PlacedProfile {
  const { model } = must(state.gpus[instance.gpu])
  return { profile: profileById(model, instance.profileId), start: instance.start }
}

export function withInstance(state: ExecutorState, changed: InstanceState): ExecutorState {
  return {
    ...state,
    instances: state.instances.map((instance) => (instance.id === changed.id ? changed : instance)),
  }
}

export function withWorker(
  state: ExecutorState,
  instance: InstanceState,
  worker: WorkerState | null,
): ExecutorState {
  const idleSinceSeconds = worker === null ? state.nowSeconds : null
  return withInstance(state, { ...instance, worker, idleSinceSeconds })
}

export function withTenant(state: ExecutorState, changed: TenantState): ExecutorState {
  return {
    ...state,
    tenants: state.tenants.map((tenant) => (tenant.id === changed.id ? changed : tenant)),
  }
}

export function withGpu(state: ExecutorState, index: number, changed: GpuState): ExecutorState {
  return { ...state, gpus: state.gpus.map((gpu, i) => (i === index ? changed : gpu)) }
}
