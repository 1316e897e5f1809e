/** What an inference worker serves, or which retraining a worker carries on. */
export type WorkerTask =
  | { readonly kind: 'inference'; readonly version: string }
  | {
      readonly kind: 'retraining'
      readonly jobId: string
      readonly configurationId: string
      /** Whether it starts from the job's checkpoint. */
      readonly resumes: boolean
    }

export type PlanReason = 'retraining-done' | 'overrun' | 'failure'

/**
 * What the executor wishes. A shell performs each and answers with an event (control/events.ts):
 * the lab on a virtual clock, the runtime on NVML and processes.
 */
export type Effect =
  | {
      readonly kind: 'create-instance'
      readonly gpu: number
      readonly instanceId: string
      readonly profileId: number
      /** In memory slices. */
      readonly start: number
    }
  | { readonly kind: 'destroy-instance'; readonly gpu: number; readonly instanceId: string }
  /**
   * A second worker is to come on the GPU instance of `with`, under an id of its own. Done at once:
   * nothing answers it.
   */
  | { readonly kind: 'share-instance'; readonly instanceId: string; readonly with: string }
  /** Nothing runs as `instanceId` any more; the GPU instance that it shared is now `to`'s alone. */
  | { readonly kind: 'leave-instance'; readonly instanceId: string; readonly to: string }
  | {
      readonly kind: 'start-worker'
      readonly instanceId: string
      readonly tenant: string
      readonly task: WorkerTask
    }
  /** Route requests to a ready worker; answered by `serving` once it takes traffic. */
  | { readonly kind: 'route-add'; readonly instanceId: string; readonly tenant: string }
  /** No new work, finish what is in flight; answered by `server-drained`. */
  | { readonly kind: 'route-drain'; readonly instanceId: string; readonly tenant: string }
  | { readonly kind: 'stop-worker'; readonly instanceId: string }
  /** `isBeside`: memory holds both versions, so the one before serves until the other can. */
  | {
      readonly kind: 'load-version'
      readonly instanceId: string
      readonly version: string
      readonly isBeside?: true
    }
  | { readonly kind: 'checkpoint'; readonly instanceId: string; readonly jobId: string }
  /** Judge a finished retraining on held-out labels; answered by `version-measured`. */
  | { readonly kind: 'measure-version'; readonly tenant: string; readonly version: string }
  /** The gate let it pass (or not): keep it as the tenant's newest version (or forget it). */
  | { readonly kind: 'keep-version'; readonly tenant: string; readonly version: string }
  | { readonly kind: 'reject-version'; readonly tenant: string; readonly version: string }
  | { readonly kind: 'set-timer'; readonly atSeconds: number }
  | { readonly kind: 'request-plan'; readonly reason: PlanReason }
