import type { Plan } from '../core/plan/plan.ts'

/** What one simulated or live run of one policy came to. Everything printed derives from this. */
export type RunResult = {
  readonly policy: string
  readonly seed: number
  readonly durationSeconds: number
  /** In Goodput: what no policy by its mechanism can exceed in this run (core/bound). */
  readonly bound: number
  readonly tenants: readonly TenantResult[]
  readonly reconfigurations: number
  readonly instancesCreated: number
  readonly instancesDestroyed: number
  readonly gpuSecondsUsed: number
  readonly plans: readonly PlanRecord[]
  readonly timeline: readonly TimelineSpan[]
  /** Wall-clock figures, kept apart because they differ from run to run. */
  readonly timings: { readonly simulateSeconds: number; readonly planSeconds: number }
}

/** Where latency distributions are told: shares of all answers that were at most so late. */
export const latencyShares = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999] as const

export type TenantResult = {
  readonly tenant: string
  readonly weight: number
  readonly arrived: number
  readonly inTime: number
  readonly late: number
  readonly shed: number
  readonly failed: number
  /** In a queue or in a batch when the run or its instance ended. */
  readonly lost: number
  /** Sum over answers in time of the accuracy of the version that gave them, at that moment. */
  readonly accuracySum: number
  readonly latencySeconds: { readonly mean: number; readonly p50: number; readonly p99: number }
  /** Of all answers, at `latencyShares`. */
  readonly latencyQuantilesSeconds: readonly number[]
  readonly retrainingsDone: number
  readonly versionsDeployed: number
  readonly versionsRejected: number
  /** Requests that capacity held but being reconfigured could have served, where demand was. */
  readonly capacityLostRequests: number
  /** Windows in which its floor on SLO attainment was missed; absent where it has none. */
  readonly windowsBelowFloor?: number
  /** One entry per second of the run. */
  readonly perSecond: {
    readonly arrived: readonly number[]
    readonly inTime: readonly number[]
    readonly capacityRps: readonly number[]
    readonly accuracy: readonly number[]
  }
  /** One entry per window. */
  readonly perWindow: readonly WindowResult[]
}

export type WindowResult = {
  readonly window: number
  readonly goodput: number
  readonly sloAttainment: number
  readonly accuracy: number
  /** What the plan in force at the window's start promised; null when there was none. */
  readonly predictedGoodput: number | null
  readonly arrived: number
  readonly forecastArrived: number | null
}

export type PlanRecord = {
  readonly atSeconds: number
  readonly reason: string
  readonly status: 'optimal' | 'feasible' | 'infeasible'
  readonly objective: number | null
  readonly bound: number | null
  readonly gap: number | null
  readonly chargedSeconds: number
  /** Also of an infeasible one: the nearest, which was carried out. */
  readonly plan: Plan | null
  /** Tenants whose floor on SLO attainment this plan is expected to miss; absent: none. */
  readonly floorsMissed?: readonly string[]
}

/** One stretch of a GPU instance's life, for the layout timeline. */
export type TimelineSpan = {
  readonly gpu: number
  readonly start: number
  readonly size: number
  readonly profileName: string
  readonly tenant: string | null
  readonly phase:
    | 'creating'
    | 'initialising'
    | 'serving'
    | 'retraining'
    | 'draining'
    | 'idle'
    | 'destroying'
  readonly fromSeconds: number
  readonly untilSeconds: number
  /** Another worker has the GPU instance meanwhile: this one is to take over, or has been. */
  readonly isBeside?: true
}
