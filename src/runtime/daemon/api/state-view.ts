import { must } from '../../../base/assert.ts'
import { profileById } from '../../../core/mig/gpu-model.ts'
import type { Site } from '../../../core/site.ts'
import type { Daemon } from '../daemon.ts'
import type { TrafficLog } from '../traffic-log.ts'

/** What a daemon tells of its node: plain data, the same for people and programs. */
export type StateView = {
  readonly site: string
  readonly mode: 'active' | 'advisory'
  /** Seconds of the run. */
  readonly nowSeconds: number
  readonly windowSeconds: number
  readonly window: number
  readonly instances: readonly InstanceView[]
  readonly tenants: readonly TenantView[]
  readonly lastPlan: PlanView | null
}

export type InstanceView = {
  readonly id: string
  /** The GPU's id in the site. */
  readonly gpu: string
  readonly profile: string
  readonly start: number
  readonly phase: string
  /** Of a worker that takes over from another: by what name that one is on the same instance. */
  readonly besides?: string
  readonly worker: {
    readonly tenant: string
    readonly kind: 'inference' | 'retraining'
    readonly phase: string
    /** What it serves; null while it retrains. */
    readonly version: string | null
  } | null
}

export type TenantView = {
  readonly tenant: string
  readonly version: string
  readonly retraining: {
    readonly configuration: string
    readonly fraction: number
    readonly isRunning: boolean
  } | null
  readonly lastMinute: TrafficView
  readonly thisRun: TrafficView
}

export type TrafficView = {
  readonly arrived: number
  readonly inTime: number
  readonly late: number
  readonly shed: number
  readonly failed: number
  readonly labelled: number
  readonly correct: number
}

export type PlanView = {
  readonly atSeconds: number
  readonly reason: string
  readonly status: string
  readonly objective: number | null
  readonly gap: number | null
  readonly planningSeconds: number
  readonly wasPutInForce: boolean
  readonly message: string | null
}

export function stateView(
  site: Site,
  { daemon, traffic }: { readonly daemon: Daemon; readonly traffic: TrafficLog },
): StateView {
  const { nowSeconds, state } = daemon
  const now = Math.ceil(nowSeconds)
  const last = daemon.desk.records.at(-1)
  return {
    site: site.name,
    mode: site.node.mode,
    nowSeconds,
    windowSeconds: site.windowSeconds,
    window: Math.floor(nowSeconds / site.windowSeconds),
    instances: state.instances.map(({ id, gpu, profileId, start, phase, worker, besides }) => {
      const { id: name, model } = must(site.gpus[gpu])
      const profile = profileById(model, profileId).name
      const version = worker?.kind === 'inference' ? worker.version : null
      const own = worker && { tenant: worker.tenant, kind: worker.kind, phase: worker.phase }
      const shared = besides === undefined ? {} : { besides }
      return { id, gpu: name, profile, start, phase, ...shared, worker: own && { ...own, version } }
    }),
    tenants: state.tenants.map(({ id, version, job }) => ({
      tenant: id,
      version,
      retraining: job && {
        configuration: job.configurationId,
        fraction: job.fraction,
        isRunning: job.instanceId !== null,
      },
      lastMinute: traffic.sums(id, now - 60, now),
      thisRun: traffic.sums(id, 0, now),
    })),
    lastPlan: last === undefined ? null : planView(last),
  }
}

export function planView(record: Daemon['desk']['records'][number]): PlanView {
  const { atSeconds, reason, status, objective, gap, planningSeconds } = record
  const { wasPutInForce, message } = record
  return { atSeconds, reason, status, objective, gap, planningSeconds, wasPutInForce, message }
}
