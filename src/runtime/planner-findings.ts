import { type Breach, checkPlan } from '../core/plan/check.ts'
import { keepLayoutPlan } from '../core/plan/keep-layout-plan.ts'
import type { PlanOutcome } from '../core/plan/outcome.ts'
import type { Plan } from '../core/plan/plan.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { type PlanValue, valueOf } from '../core/plan/value.ts'
import { missedFloors } from '../planner/floors.ts'
import type { PlannerMessage } from './planner-work.ts'

/** Incumbents that are kept: the last ones, should the very last turn out to be none. */
const plansKept = 16

/** Relative gap below which a plan is called optimal. */
const optimalGap = 1e-4

/** What a planner has told of one problem so far, believed only as far as it holds. */
export type Findings = {
  readonly problem: PlanningProblem
  /** Best last, as told. */
  readonly plans: Plan[]
  bestTotal: number
  /** Of those that miss a floor; of use while there is no other. */
  nearest: Plan | null
  /** Least bound on objective plus terminal value. */
  boundTotal: number
  steps: number
  /** Why there can be no plan, if the planner said so. */
  reason: string | null
  /** What went wrong, for the log. */
  readonly faults: string[]
}

/** What is known before it tells anything: the plan that was brought along, if it fits as it is. */
export function noFindings(problem: PlanningProblem, incumbent?: Plan): Findings {
  const brought = incumbent === undefined ? null : legalPlan(problem, [incumbent], [])
  return {
    problem,
    plans: brought === null ? [] : [brought.plan],
    bestTotal: brought === null ? Number.NEGATIVE_INFINITY : totalOf(brought.value),
    nearest: null,
    boundTotal: Number.POSITIVE_INFINITY,
    steps: 0,
    reason: null,
    faults: [],
  }
}

/** Takes in a message of the planner's; figures that are none are faults, and forgotten. */
export function takeIn(findings: Findings, message: PlannerMessage): void {
  if (message.kind === 'incumbent') {
    const total = message.objective + message.terminal
    if (!Number.isFinite(total)) {
      findings.faults.push(`A plan was said to be worth ${total}`)
    } else if (total > findings.bestTotal) {
      findings.bestTotal = total
      findings.plans.push(message.plan)
      if (findings.plans.length > plansKept) findings.plans.shift()
    }
  } else if (message.kind === 'nearest') {
    findings.nearest = message.plan
  } else if (message.kind === 'bound') {
    if (Number.isNaN(message.total)) findings.faults.push('A bound was NaN')
    else findings.boundTotal = Math.min(findings.boundTotal, message.total)
  } else {
    findings.steps = message.steps
    findings.reason = message.reason
  }
}

/**
 * The answer: the best plan that the checker calls legal, with the value that core/plan gives it.
 * Keeping the layout stands in where nothing better was told in time.
 */
export function outcomeOf(findings: Findings, seconds: number): PlanOutcome {
  const { problem, plans, faults } = findings
  const work = { steps: findings.steps, chargedSeconds: seconds }
  const kept = keepLayoutPlan(problem, 'migrator')
  const own = legalPlan(problem, [...plans].reverse(), faults)
  const best = betterOf(own, legalPlan(problem, [kept], []))
  if (best === null) {
    const nearest = nearestOf(findings, kept)
    const near = nearest === null ? {} : { nearest }
    return { status: 'infeasible', reason: reasonOf(findings, nearest), work, ...near }
  }
  const { plan, value } = best
  const { objective, terminal } = value
  const bound = believedBound(findings, value)
  if (bound === null) return { status: 'feasible', plan, objective, bound, gap: null, work }
  const onObjective = Math.max(objective, bound - terminal)
  const lead = onObjective - objective
  const gap = lead <= 1e-12 ? 0 : objective > 0 ? lead / objective : 1
  const status = gap <= optimalGap ? 'optimal' : 'feasible'
  return { status, plan, objective, bound: onObjective, gap, work }
}

type Valued = { readonly plan: Plan; readonly value: PlanValue }

/** The first that is legal; what is wrong with those before it is a fault. */
function legalPlan(
  problem: PlanningProblem,
  plans: readonly Plan[],
  faults: string[],
): Valued | null {
  for (const plan of plans) {
    const check = checkPlan(problem, plan)
    if (check.kind === 'legal') return { plan, value: valueOf(problem, plan) }
    faults.push(`A plan was illegal: ${check.breaches[0]?.message}`)
  }
  return null
}

function betterOf(a: Valued | null, b: Valued | null): Valued | null {
  if (a === null || b === null) return a ?? b
  return totalOf(b.value) > totalOf(a.value) ? b : a
}

function totalOf({ objective, terminal }: PlanValue): number {
  return objective + terminal
}

/** Null without a bound, or where a plan refutes it. */
function believedBound({ boundTotal, faults }: Findings, value: PlanValue): number | null {
  if (boundTotal === Number.POSITIVE_INFINITY) return null
  if (boundTotal >= totalOf(value) - 1e-9) return boundTotal
  faults.push(`The bound ${boundTotal} is below a plan's ${totalOf(value)}`)
  return null
}

/** The plan that misses floors and is legal otherwise: the planner's, or keeping the layout. */
function nearestOf({ problem, nearest, faults }: Findings, kept: Plan): Plan | null {
  const isNearest = (plan: Plan) => {
    const check = checkPlan(problem, plan)
    const other = check.kind === 'legal' ? [] : check.breaches.filter(isNoFloor)
    if (other.length > 0) faults.push(`A plan was illegal: ${other[0]?.message}`)
    return other.length === 0
  }
  return (nearest === null ? [kept] : [nearest, kept]).find(isNearest) ?? null
}

/** What the planner said, or which floors the nearest plan misses. */
function reasonOf({ problem, reason }: Findings, nearest: Plan | null): string {
  if (reason !== null) return reason
  const missed = nearest === null ? null : missedFloors(problem, valueOf(problem, nearest))
  return missed ?? 'No legal plan was found in time'
}

function isNoFloor({ code }: Breach): boolean {
  return code !== 'below-floor'
}
