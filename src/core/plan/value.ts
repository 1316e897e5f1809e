import { must } from '../../base/assert.ts'
import type { RetrainingForecast } from '../forecast.ts'
import { inTimeRps } from '../workload/service-table.ts'
import type { Plan } from './plan.ts'
import type { PlanningProblem, PlanningTenant } from './problem.ts'
import { type TenureSpan, tenureSpans } from './slots.ts'
import {
  continuedRetrainingSpan,
  inferenceServesFromSlot,
  newRetrainingSpan,
  type RetrainingSpan,
  restartedRetrainingSpan,
} from './warm-up.ts'

/** What a plan is expected to bring in its problem's horizon. */
export type PlanValue = {
  /** J: expected Goodput, in the run's headline measure; windows add up. */
  readonly objective: number
  /** T: what the accuracy at the horizon's end is worth after it. */
  readonly terminal: number
  /** Parallel to the problem's tenants. */
  readonly tenants: readonly TenantValue[]
}

export type TenantValue = {
  readonly tenant: string
  /** Requests. */
  readonly arrivals: number
  readonly inTime: number
  /** Null without arrivals, like `goodput`. */
  readonly sloAttainment: number | null
  /** Mean over the answers in time; null without any. */
  readonly accuracy: number | null
  /** Share of the horizon's requests answered in time and correctly. */
  readonly goodput: number | null
}

/**
 * Expected Goodput of a plan, whoever made it: lines 8 to 11 of
 * docs/designs/001-planning-problem.md, with true overheads also where the plan was made blind to
 * them. Takes the plan to be legal (check.ts). By MPS a share is a class like a GPU instance, with
 * the figures that core/mps derives for it.
 */
export function valueOf(problem: PlanningProblem, plan: Plan): PlanValue {
  const spans = tenureSpans(problem, plan)
  const parts = problem.tenants.map((tenant, index) => {
    const own = spans.filter(({ tenantIndex }) => tenantIndex === index)
    return tenantValue(problem, tenant, tenantUse(problem, tenant, own))
  })
  return {
    objective: parts.reduce((sum, { objective }) => sum + objective, 0),
    terminal: parts.reduce((sum, { terminal }) => sum + terminal, 0),
    tenants: parts.map(({ value }) => value),
  }
}

/** One tenant's part of a plan's value. */
export type TenantParts = {
  readonly objective: number
  readonly terminal: number
  readonly value: TenantValue
}

/** What a tenant's spans of a plan come to: who serves it in each slot, and its retraining. */
export type TenantUse = {
  /** Instances that serve it in each slot, by class. */
  readonly counts: readonly (readonly number[])[]
  readonly retraining: RetrainingInPlan | null
}

export function tenantUse(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  spans: readonly TenureSpan[],
): TenantUse {
  const counts = servingCounts(problem, tenant, spans)
  return { counts, retraining: retrainingIn(problem, tenant, spans) }
}

/** (8) to (11) for one tenant. */
export function tenantValue(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  { counts, retraining }: TenantUse,
): TenantParts {
  const { slotSeconds } = problem
  const answers = answersPerSlot(problem, tenant, counts)
  const accuracy = accuracyPerSlot(problem, tenant, retraining)
  const arrivals = slotSeconds * sumOf(tenant.arrivals.meanRps)
  const inTime = slotSeconds * sumOf(answers)
  const correct = slotSeconds * sumOf(answers.map((rps, t) => rps * must(accuracy[t])))
  return {
    objective: tenant.valuePerAnswer * correct,
    terminal: terminalWeight(problem, tenant) * terminalAccuracy(problem, tenant, retraining),
    value: {
      tenant: tenant.id,
      arrivals,
      inTime,
      sloAttainment: arrivals > 0 ? inTime / arrivals : null,
      accuracy: inTime > 0 ? correct / inTime : null,
      goodput: arrivals > 0 ? correct / arrivals : null,
    },
  }
}

/** (2) Instances that serve in each slot, by class. */
function servingCounts(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  spans: readonly TenureSpan[],
): readonly (readonly number[])[] {
  const counts = Array.from({ length: problem.slotCount }, () => problem.classes.map(() => 0))
  for (const span of spans) {
    if (span.tenure.role.kind !== 'inference') continue
    const { existing } = span.instance
    const running = problem.running.find(({ id }) => id === existing) ?? null
    const ready = inferenceServesFromSlot(problem, tenant, span.fromSlot, running)
    const end = Math.min(span.untilSlot, problem.slotCount)
    for (let t = Math.max(ready, span.serveFromSlot); t < end; t += 1) {
      const slot = must(counts[t])
      slot[span.classIndex] = must(slot[span.classIndex]) + 1
    }
  }
  return counts
}

/** (9) Answers in time, per second, in each slot, by these instances (a count per class). */
export function answersPerSlot(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  counts: readonly (readonly number[])[],
): readonly number[] {
  const { meanRps, dispersion } = tenant.arrivals
  return Array.from({ length: problem.slotCount }, (_, t) =>
    inTimeRps(tenant.service, must(counts[t]), must(meanRps[t]), dispersion),
  )
}

/** A retraining as the plan has it: `doneSlot` is e, which may lie past the end. */
export type RetrainingInPlan = {
  readonly forecast: RetrainingForecast
  readonly doneSlot: number
  /** First slot past its warm-up. */
  readonly workFromSlot: number
}

/** (3, 4) The tenant's one retraining in the plan, with its true length; or null. */
function retrainingIn(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  spans: readonly TenureSpan[],
): RetrainingInPlan | null {
  for (const span of spans) {
    const { role } = span.tenure
    if (role.kind !== 'retraining') continue
    const forecast = role.resumes
      ? must(tenant.underWay, `${tenant.id} has nothing to resume`).forecast
      : must(tenant.retraining.find((own) => own.configurationId === role.configurationId))
    const { warmUpSlots, slots } = must(
      retrainingSpan(problem, tenant, span, forecast),
      `${tenant.id} cannot retrain on ${span.instance.id}`,
    )
    const workFromSlot = Math.max(span.fromSlot + warmUpSlots, span.serveFromSlot)
    return { forecast, workFromSlot, doneSlot: workFromSlot + slots - warmUpSlots }
  }
  return null
}

function retrainingSpan(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  span: TenureSpan,
  forecast: RetrainingForecast,
): RetrainingSpan | null {
  const { role } = span.tenure
  if (role.kind === 'retraining' && role.resumes) {
    const { existing } = span.instance
    const isContinued = existing !== null && existing === tenant.underWay?.instanceId
    return isContinued && span.fromSlot === 0
      ? continuedRetrainingSpan(problem, tenant, span.classIndex)
      : restartedRetrainingSpan(problem, tenant, span.classIndex)
  }
  return newRetrainingSpan(problem, tenant, forecast, span.classIndex)
}

/** (8) Accuracy of the version that answers, in each slot. */
export function accuracyPerSlot(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  retraining: RetrainingInPlan | null,
): readonly number[] {
  return Array.from({ length: problem.slotCount }, (_, t) =>
    must(
      retraining !== null && retraining.doneSlot <= t
        ? retraining.forecast.accuracyAfter[t]
        : tenant.accuracyDeployed[t],
    ),
  )
}

/** (11) What one point of accuracy after the end is worth, times 100. */
export function terminalWeight(problem: PlanningProblem, tenant: PlanningTenant): number {
  const meanRps = sumOf(tenant.arrivals.meanRps) / Math.max(1, problem.slotCount)
  return tenant.valuePerAnswer * problem.terminalSeconds * meanRps
}

/** (11) Accuracy after the end; a retraining that crosses it counts by its work done inside. */
export function terminalAccuracy(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  retraining: RetrainingInPlan | null,
): number {
  if (retraining === null) return tenant.accuracyTerminal
  const { doneSlot, workFromSlot, forecast } = retraining
  if (doneSlot <= problem.slotCount) return forecast.accuracyTerminal
  const inside = Math.max(0, problem.slotCount - workFromSlot)
  const share = inside / (doneSlot - workFromSlot)
  return tenant.accuracyTerminal + share * (forecast.accuracyTerminal - tenant.accuracyTerminal)
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
