import type { GpuModel } from '../core/mig/gpu-model.ts'
import type { Handover } from '../core/policy.ts'
import type { MemoryNeed } from '../core/workload/memory-need.ts'
import type { InstanceMemory } from './instance-memory.ts'

/** GPU instances and workers as wishes and facts tell of them, for `control/safety.ts`. */
export type WatchedNode = {
  readonly gpus: readonly GpuModel[]
  readonly sharing: SharingRules
  readonly operating: readonly (string | null)[]
  readonly blocked: readonly {
    readonly gpu: number
    readonly start: number
    readonly mask: number
  }[]
  readonly instances: ReadonlyMap<string, WatchedInstance>
}

/** What differs from site to site where GPUs are shared. */
export type SharingRules = {
  readonly handover: Handover
  /** Per tenant: what a worker of it takes; nothing of tenants that are not named. */
  readonly memory: ReadonlyMap<string, MemoryNeed>
  /** Of GPU instances, that two workers may be on for a while; absent: nothing is known of it. */
  readonly instanceMemory?: InstanceMemory | null
}

export type WatchedInstance = {
  readonly gpu: number
  readonly profileId: number
  readonly start: number
  readonly phase: 'creating' | 'live' | 'destroying'
  readonly worker: WatchedWorker | null
  /** Of the second entry on a GPU instance: the first. */
  readonly besides?: string
}

export type WatchedWorker = {
  readonly role: 'inference' | 'retraining'
  readonly tenant: string
  readonly phase:
    | 'starting'
    | 'ready'
    | 'cutting-over'
    | 'serving'
    | 'switching'
    | 'draining'
    | 'drained'
    | 'training'
    | 'checkpointing'
    | 'checkpointed'
    | 'finished'
    | 'stopping'
}

export type Watched = { readonly model: WatchedNode; readonly breaches: readonly string[] }

export function moved(
  model: WatchedNode,
  instanceId: string,
  from: readonly WatchedWorker['phase'][],
  to: WatchedWorker['phase'],
): Watched {
  const phase = model.instances.get(instanceId)?.worker?.phase
  const isLegal = phase !== undefined && from.includes(phase)
  return {
    model: inPhase(model, instanceId, to),
    breaches: demand(isLegal, `The worker on ${instanceId} is to be ${to} while ${phase}`),
  }
}

export function demand(holds: boolean, breach: string): readonly string[] {
  return holds ? [] : [breach]
}

export function isIdle(model: WatchedNode, gpu: number): boolean {
  return model.operating[gpu] === null
}

export function workers(model: WatchedNode): readonly WatchedWorker[] {
  return [...model.instances.values()].flatMap(({ worker }) => (worker === null ? [] : [worker]))
}

export function withOperating(model: WatchedNode, gpu: number, id: string | null): WatchedNode {
  return { ...model, operating: model.operating.map((own, i) => (i === gpu ? id : own)) }
}

export function withPhase(
  model: WatchedNode,
  instanceId: string,
  phase: WatchedInstance['phase'],
): WatchedNode {
  return withInstance(model, instanceId, (instance) => ({ ...instance, phase }))
}

export function inPhase(
  model: WatchedNode,
  instanceId: string,
  phase: WatchedWorker['phase'],
): WatchedNode {
  return withInstance(model, instanceId, (instance) =>
    instance.worker === null ? instance : { ...instance, worker: { ...instance.worker, phase } },
  )
}

export function withInstance(
  model: WatchedNode,
  instanceId: string,
  change: (instance: WatchedInstance) => WatchedInstance,
): WatchedNode {
  const found = model.instances.get(instanceId)
  if (found === undefined) return model
  return { ...model, instances: new Map(model.instances).set(instanceId, change(found)) }
}

export function without(model: WatchedNode, instanceId: string): WatchedNode {
  const instances = new Map(model.instances)
  instances.delete(instanceId)
  return { ...model, instances }
}
