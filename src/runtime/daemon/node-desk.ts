import { buildProblem, type ProblemSpan } from '../../control/build-problem.ts'
import type { ExecutorState } from '../../control/executor-state.ts'
import { breachesOf } from '../../core/plan/best-effort.ts'
import { checkPlan } from '../../core/plan/check.ts'
import type { PlanOutcome } from '../../core/plan/outcome.ts'
import type { Plan } from '../../core/plan/plan.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import { slotsFor } from '../../core/plan/warm-up.ts'
import type { DecisionEpoch } from '../../core/policy.ts'
import type { Site } from '../../core/site.ts'
import { type Prediction, predictionsOf } from '../../outlook/prediction.ts'
import { type Foreseen, withValues } from '../../outlook/tenant-values.ts'
import type { Fact } from './facts.ts'
import type { Log } from './world-context.ts'

/** Whoever plans, within the time; it does not throw for what is the problem's fault. */
export type NodePlanner = (
  problem: PlanningProblem,
  options: { readonly secondsMax: number; readonly incumbent: Plan | null },
) => Promise<PlanOutcome>

/** A plan that was asked for, and what came of it. */
export type NodePlanRecord = {
  readonly atSeconds: number
  readonly reason: DecisionEpoch
  readonly windowIndex: number
  readonly status: PlanOutcome['status'] | 'failed'
  readonly objective: number | null
  readonly bound: number | null
  readonly gap: number | null
  readonly planningSeconds: number
  readonly plan: Plan | null
  /** What it was made from, to explain it by; kept for the newest ones. */
  readonly problem: PlanningProblem | null
  readonly wasPutInForce: boolean
  /** Why there is none. */
  readonly message: string | null
}

export type NodeDeskOptions = {
  readonly site: Site
  readonly plan: NodePlanner
  readonly isAdvisory: boolean
  readonly now: () => number
  readonly tell: (fact: Fact) => void
  readonly stateNow: () => ExecutorState
  readonly foresee: (span: ProblemSpan, nowSeconds: number) => readonly Foreseen[]
  readonly onForecast: (span: ProblemSpan, now: number, foreseen: readonly Foreseen[]) => void
  readonly onRecord: (record: NodePlanRecord) => void
  readonly log: Log
}

/** Deviations are no reason for a plan right after the last one, of a window. */
const deviationIntervalShare = 0.1
/** The rest of a window below which a new plan for it is not worth asking, as a share of it. */
const restShareMin = 0.05
/** Of the reserved time, for building the problem, checking, and handing over. */
const spareShare = 0.2
/** Of a slot. */
const lateShare = 0.2
const recordsKept = 200
const problemsKept = 4

/**
 * Asks for plans and puts them in force when the time reserved for planning is over; whatever goes
 * wrong on the way, the plan before goes on.
 */
export class NodeDesk {
  /** The newest last. */
  records: readonly NodePlanRecord[] = []
  /** By window, of the plan made at its start; parallel to the tenants. */
  readonly predictions = new Map<number, readonly Prediction[]>()
  readonly #options: NodeDeskOptions
  #isPending = false
  #next: DecisionEpoch | null = null
  #lastSeconds = Number.NEGATIVE_INFINITY
  #isClosed = false

  constructor(options: NodeDeskOptions) {
    this.#options = options
  }

  ask(epoch: DecisionEpoch): void {
    const { site, now } = this.#options
    const nowSeconds = now()
    const interval = deviationIntervalShare * site.windowSeconds
    if (epoch === 'deviation' && nowSeconds - this.#lastSeconds < interval) return
    if (this.#isPending) {
      // A window's start is never forgotten over something smaller.
      if (this.#next !== 'window-start') this.#next = epoch
      return
    }
    const span = this.#spanFrom(nowSeconds)
    const rest = span.endSeconds - span.startSeconds
    if (rest < restShareMin * site.windowSeconds) return
    this.#isPending = true
    this.#lastSeconds = nowSeconds
    void this.#plan(epoch, nowSeconds, span).finally(() => {
      this.#isPending = false
      const next = this.#next
      this.#next = null
      if (next !== null && !this.#isClosed) this.ask(next)
    })
  }

  close(): void {
    this.#isClosed = true
  }

  async #plan(epoch: DecisionEpoch, nowSeconds: number, span: ProblemSpan): Promise<void> {
    const { site, tell, stateNow, foresee, onForecast, isAdvisory, now } = this.#options
    const before = stateNow().accepted?.plan ?? null
    tell({ kind: 'plan-requested' })
    const state = stateNow()
    let made: Made
    try {
      const foreseen = foresee(span, nowSeconds)
      onForecast(span, nowSeconds, foreseen)
      const problem = buildProblem(site, state, span, withValues(site, foreseen))
      made = await this.#make(problem, before)
      if (made.plan !== null && epoch === 'window-start') {
        const held = { nowSeconds, state, foreseen }
        this.predictions.set(span.windowIndex, predictionsOf(site, problem, made.plan, held))
      }
    } catch (error) {
      made = failed(error instanceof Error ? error.message : String(error))
    }
    const planningSeconds = now() - nowSeconds
    await waitUntil(now, span.startSeconds)
    if (this.#isClosed) return
    const isPutInForce = made.plan !== null && !isAdvisory
    if (isPutInForce && made.plan !== null) tell({ kind: 'plan-accepted', plan: made.plan })
    else tell({ kind: 'plan-refused' })
    this.#note({
      ...made,
      atSeconds: nowSeconds,
      reason: epoch,
      windowIndex: span.windowIndex,
      planningSeconds,
      wasPutInForce: isPutInForce,
    })
  }

  async #make(problem: PlanningProblem, incumbent: Plan | null): Promise<Made> {
    const { plan, now } = this.#options
    const left = problem.startSeconds - now()
    const secondsMax = Math.max(0.05, (1 - spareShare) * left)
    const outcome = await plan(problem, { secondsMax, incumbent })
    if (outcome.status === 'infeasible') {
      const { nearest = null, reason } = outcome
      const isLegal = nearest !== null && breachesOf(problem, nearest).others.length === 0
      return { ...failed(reason), status: 'infeasible', problem, plan: isLegal ? nearest : null }
    }
    const check = checkPlan(problem, outcome.plan)
    if (check.kind !== 'legal') {
      const told = check.breaches.map(({ code, message }) => `${code}: ${message}`).join('; ')
      return { ...failed(`The plan is illegal: ${told}`), problem }
    }
    const { status, objective, bound, gap } = outcome
    return { status, objective, bound, gap, plan: outcome.plan, problem, message: null }
  }

  #note(record: NodePlanRecord): void {
    const { log, onRecord } = this.#options
    const older = this.records.slice(-recordsKept + 1)
    const first = older.length - problemsKept + 1
    const kept = older.map((own, i) => (i < first ? { ...own, problem: null } : own))
    this.records = [...kept, record]
    const { reason, status, planningSeconds, message } = record
    const words = `${reason}: ${status} in ${planningSeconds.toFixed(2)} s`
    if (message === null) log('info', `plan (${words})`)
    else if (record.plan === null)
      log('warn', `no plan (${words}), the one before goes on: ${message}`)
    else log('warn', `plan (${words}), the nearest to the floors: ${message}`)
    onRecord(record)
  }

  #spanFrom(nowSeconds: number): ProblemSpan {
    const { windowSeconds, slotSeconds, node } = this.#options.site
    // Timers are late by some milliseconds, which is no reason to start a slot later.
    const readySeconds = nowSeconds + node.planningSecondsMax - lateShare * slotSeconds
    const startSeconds = slotsFor(readySeconds, slotSeconds) * slotSeconds
    // A plan that would come at the window's end is one for the next.
    const windowIndex = Math.floor(startSeconds / windowSeconds + 1e-9)
    return {
      windowIndex,
      startSeconds,
      endSeconds: (windowIndex + 1) * windowSeconds,
      isFirstLayoutFree: false,
    }
  }
}

type Made = Pick<
  NodePlanRecord,
  'status' | 'objective' | 'bound' | 'gap' | 'plan' | 'problem' | 'message'
>

function failed(message: string): Made {
  const nothing = { objective: null, bound: null, gap: null, plan: null, problem: null }
  return { status: 'failed', ...nothing, message }
}

async function waitUntil(now: () => number, atSeconds: number): Promise<void> {
  for (;;) {
    const left = atSeconds - now()
    if (left <= 0) return
    await new Promise((resolve) => setTimeout(resolve, 1000 * left + 1))
  }
}
