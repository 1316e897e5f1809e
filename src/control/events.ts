import type { Plan } from '../core/plan/plan.ts'

/** Labels that two versions were judged on: how many, and how many each got right. */
export type VersionMeasurement = {
  readonly labels: number
  readonly correctCandidate: number
  readonly correctDeployed: number
}

/** A fact the executor learns. Every fact carries its time, in seconds of the run. */
export type ExecutorEvent = { readonly atSeconds: number } & (
  | { readonly kind: 'time-reached' }
  /** A plan is being made from the state of this moment: until it comes the old layout persists. */
  | { readonly kind: 'plan-requested' }
  | { readonly kind: 'plan-accepted'; readonly plan: Plan }
  /** No plan came of the request: the last one goes on. */
  | { readonly kind: 'plan-refused' }
  | {
      readonly kind: 'operation-done' | 'operation-failed'
      readonly operation: 'create' | 'destroy'
      readonly gpu: number
      readonly instanceId: string
    }
  | { readonly kind: 'worker-ready'; readonly instanceId: string }
  | { readonly kind: 'serving'; readonly instanceId: string }
  | { readonly kind: 'server-drained'; readonly instanceId: string }
  | { readonly kind: 'worker-stopped'; readonly instanceId: string }
  | { readonly kind: 'worker-failed'; readonly instanceId: string }
  | { readonly kind: 'version-loaded'; readonly instanceId: string }
  /** `fraction` of the job's whole work, in [0, 1]. */
  | {
      readonly kind: 'retraining-progress' | 'checkpointed'
      readonly instanceId: string
      readonly fraction: number
    }
  | { readonly kind: 'retraining-done'; readonly instanceId: string; readonly version: string }
  | {
      readonly kind: 'version-measured'
      readonly tenant: string
      readonly version: string
      readonly measurement: VersionMeasurement
    }
  /** The newest version measures worse on live answers: `version` serves again in its place. */
  | { readonly kind: 'version-withdrawn'; readonly tenant: string; readonly version: string }
  /** A checkpoint that nobody wants to go on from any more. */
  | { readonly kind: 'job-abandoned'; readonly tenant: string }
  /** The GPU instance is gone, with whatever ran on it; its placement must stay untouched. */
  | { readonly kind: 'instance-failed'; readonly instanceId: string }
  | { readonly kind: 'placement-recovered'; readonly gpu: number; readonly start: number }
)

export type ExecutorEventKind = ExecutorEvent['kind']
