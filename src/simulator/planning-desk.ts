import { assert, must } from '../base/assert.ts'
import { buildProblem, type ProblemSpan } from '../control/build-problem.ts'
import type { ExecutorEvent } from '../control/events.ts'
import type { ExecutorState } from '../control/executor-state.ts'
import { breachesOf, planWithBestEffort } from '../core/plan/best-effort.ts'
import type { PlanOutcome } from '../core/plan/outcome.ts'
import type { Plan } from '../core/plan/plan.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { slotsFor } from '../core/plan/warm-up.ts'
import type { DecisionEpoch, Policy } from '../core/policy.ts'
import type { Site } from '../core/site.ts'
import type { PlanRecord } from '../observe/run-result.ts'
import { type Prediction, predictionsOf } from '../outlook/prediction.ts'
import { type Foreseen, withValues } from '../outlook/tenant-values.ts'
import type { Agenda } from './agenda.ts'
import type { Foresight } from './foresight.ts'
import type { Action } from './world.ts'

export type DeskOptions = {
  readonly site: Site
  readonly policy: Policy
  readonly foresight: Foresight
  readonly agenda: Agenda<Action>
  readonly deliver: (event: ExecutorEvent) => void
  readonly stateNow: () => ExecutorState
  /** Requests of each tenant in each second so far. */
  readonly arrived: () => readonly Float64Array[]
  /** Told of every forecast that a plan was asked for with. */
  readonly onForecast: (
    span: ProblemSpan,
    nowSeconds: number,
    foreseen: readonly Foreseen[],
  ) => void
  /** Wall-clock seconds, for timings alone. */
  readonly clock: () => number
}

/**
 * Deviations (an overrun is one) are no reason for a plan right after the last one, of a window.
 */
const deviationIntervalShare = 0.1
/** The rest of a window below which a new plan for it is not worth asking, as a share of it. */
const restShareMin = 0.05

/**
 * Asks the policy for plans when its epochs come, checks them, and puts them in force after the
 * time reserved for planning: until then the old layout persists, which is how planning is charged.
 * The first plan is made before the run.
 */
export class PlanningDesk {
  readonly records: PlanRecord[] = []
  /** [window][tenant]; no entry where no plan was made at the window's start. */
  readonly predictions = new Map<number, readonly Prediction[]>()
  planSeconds = 0
  readonly #options: DeskOptions
  #isPending = false
  /** Asked for while a plan was being made. */
  #next: DecisionEpoch | null = null

  constructor(options: DeskOptions) {
    this.#options = options
  }

  ask(epoch: DecisionEpoch, nowSeconds: number): void {
    const { policy, site } = this.#options
    const isFirst = this.records.length === 0
    if (!isFirst && !policy.epochs.includes(epoch)) return
    if (epoch === 'deviation' && this.#isRightAfterPlan(nowSeconds)) return
    if (this.#isPending) {
      this.#next = epoch
      return
    }
    const span = this.#spanFrom(nowSeconds, isFirst)
    const rest = span.endSeconds - span.startSeconds
    const isWindowStart = epoch === 'window-start'
    if (!isWindowStart && rest < restShareMin * site.windowSeconds) return
    assert(rest > 0, `${policy.name} reserves more than a window for planning`)
    this.#plan({ epoch, nowSeconds, span })
  }

  #plan(asked: {
    readonly epoch: DecisionEpoch
    readonly nowSeconds: number
    readonly span: ProblemSpan
  }): void {
    const { epoch, nowSeconds, span } = asked
    const { site, policy, foresight, deliver, stateNow, agenda } = this.#options
    deliver({ kind: 'plan-requested', atSeconds: nowSeconds })
    const state = stateNow()
    const arrived = this.#options.arrived()
    const foreseen = foresight.outlooks({ nowSeconds, span, state, arrived })
    this.#options.onForecast(span, nowSeconds, foreseen)
    const problem = buildProblem(site, state, span, withValues(site, foreseen))
    const before = this.#options.clock()
    const { outcome, plan } = planWithBestEffort(problem, (own) => this.#charged(policy.plan(own)))
    this.planSeconds += this.#options.clock() - before
    const floorsMissed = plan === null ? [] : this.#floorsMissedBy(plan, problem, outcome)
    this.records.push(recordOf(outcome, { epoch, nowSeconds, span, plan, floorsMissed }))
    if (plan !== null && epoch === 'window-start') {
      const held = { nowSeconds, state, foreseen }
      this.predictions.set(span.windowIndex, predictionsOf(site, problem, plan, held))
    }
    this.#isPending = true
    agenda.add(span.startSeconds, 'plan', (atSeconds) => {
      this.#isPending = false
      if (plan === null) deliver({ kind: 'plan-refused', atSeconds })
      else deliver({ kind: 'plan-accepted', plan, atSeconds })
      const next = this.#next
      this.#next = null
      if (next !== null) this.ask(next, atSeconds)
    })
  }

  #isRightAfterPlan(nowSeconds: number): boolean {
    const last = this.records.at(-1)?.atSeconds ?? Number.NEGATIVE_INFINITY
    return nowSeconds - last < deviationIntervalShare * this.#options.site.windowSeconds
  }

  #spanFrom(nowSeconds: number, isFirst: boolean): ProblemSpan {
    const { site, policy } = this.#options
    const { windowSeconds, slotSeconds } = site
    const { durationSeconds } = must(site.simulation)
    const windowIndex = Math.floor(nowSeconds / windowSeconds + 1e-9)
    const readySeconds = isFirst ? nowSeconds : nowSeconds + policy.planningSecondsMax
    return {
      windowIndex,
      startSeconds: slotsFor(readySeconds, slotSeconds) * slotSeconds,
      endSeconds: Math.min((windowIndex + 1) * windowSeconds, durationSeconds),
      isFirstLayoutFree: isFirst,
    }
  }

  #charged(outcome: PlanOutcome): PlanOutcome {
    const { name, planningSecondsMax } = this.#options.policy
    const { chargedSeconds } = outcome.work
    assert(
      chargedSeconds <= planningSecondsMax + 1e-9,
      `${name} took ${chargedSeconds} s to plan and reserves ${planningSecondsMax} s`,
    )
    return outcome
  }

  /** A plan is legal; only one that is the nearest to floors nobody can keep may miss them. */
  #floorsMissedBy(plan: Plan, problem: PlanningProblem, { status }: PlanOutcome) {
    const { floorsMissed, others } = breachesOf(problem, plan)
    const told = others.map(({ code, message }) => `${code}: ${message}`).join('; ')
    const at = `at ${problem.startSeconds} s`
    const { name } = this.#options.policy
    assert(others.length === 0, `${name} made an illegal plan ${at}: ${told}`)
    const missed = floorsMissed.join(', ')
    const isExcused = status === 'infeasible' || floorsMissed.length === 0
    assert(isExcused, `${name} called a plan legal ${at} that misses the floors of ${missed}`)
    return floorsMissed
  }
}

function recordOf(
  outcome: PlanOutcome,
  asked: {
    readonly epoch: DecisionEpoch
    readonly nowSeconds: number
    readonly span: ProblemSpan
    readonly plan: Plan | null
    readonly floorsMissed: readonly string[]
  },
): PlanRecord {
  const { epoch, nowSeconds, span, plan, floorsMissed } = asked
  const isPlan = outcome.status !== 'infeasible'
  return {
    atSeconds: nowSeconds,
    reason: epoch,
    status: outcome.status,
    objective: isPlan ? outcome.objective : null,
    bound: isPlan ? outcome.bound : null,
    gap: isPlan ? outcome.gap : null,
    chargedSeconds: span.startSeconds - nowSeconds,
    plan,
    ...(floorsMissed.length === 0 ? {} : { floorsMissed }),
  }
}
