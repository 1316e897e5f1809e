import type { RetrainingForecast } from '../forecast.ts'
import type { PlanningProblem, PlanningTenant, RunningInstance } from './problem.ts'

/**
 * Whole slots that seconds take, rounded up. Forgives 1e-9 slots, which is what adding up a few
 * seconds in floating point may be off by.
 */
export function slotsFor(seconds: number, slotSeconds: number): number {
  return Math.max(0, Math.ceil(seconds / slotSeconds - 1e-9))
}

/** U: slots from holding an instance to serving on it. */
export function inferenceWarmUpSlots(problem: PlanningProblem, tenant: PlanningTenant): number {
  const { createSeconds, destroySeconds, cutOverSeconds } = problem.costs
  const seconds = createSeconds + destroySeconds + tenant.inferenceStartSeconds + cutOverSeconds
  return slotsFor(seconds, problem.slotSeconds)
}

/**
 * The first slot in which inference serves that holds an instance from slot `fromSlot` on.
 * `running` is the instance it continues, null if it is to be created.
 */
export function inferenceServesFromSlot(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  fromSlot: number,
  running: RunningInstance | null,
): number {
  if (fromSlot === 0 && problem.isFirstLayoutFree) return 0
  const worker = running?.worker ?? null
  if (fromSlot === 0 && worker?.role === 'inference' && worker.tenant === tenant.id) {
    return slotsFor(worker.readyInSeconds, problem.slotSeconds)
  }
  return fromSlot + inferenceWarmUpSlots(problem, tenant)
}

/** Slots that a retraining holds its instance (L), the first `warmUpSlots` (V) without a step. */
export type RetrainingSpan = {
  readonly warmUpSlots: number
  readonly slots: number
}

/** V and L of a retraining started anew on that instance class; null where it cannot run. */
export function newRetrainingSpan(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  forecast: RetrainingForecast,
  classIndex: number,
): RetrainingSpan | null {
  const { createSeconds, destroySeconds } = problem.costs
  const startSeconds = createSeconds + destroySeconds + tenant.retrainingStartSeconds
  return spanOf(problem, startSeconds, forecast.secondsByClass[classIndex] ?? null)
}

/** V and L of a retraining under way that restarts from its checkpoint on another placement. */
export function restartedRetrainingSpan(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  classIndex: number,
): RetrainingSpan | null {
  if (tenant.underWay === null) return null
  const { createSeconds, destroySeconds } = problem.costs
  const { forecast, restoreSeconds } = tenant.underWay
  const startSeconds = createSeconds + destroySeconds + tenant.retrainingStartSeconds
  const workSeconds = forecast.secondsByClass[classIndex] ?? null
  return spanOf(problem, startSeconds + restoreSeconds, workSeconds)
}

/** V and L of a retraining under way that continues, from slot 0, where it runs. */
export function continuedRetrainingSpan(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  classIndex: number,
): RetrainingSpan | null {
  if (tenant.underWay === null || tenant.underWay.instanceId === null) return null
  const { forecast, instanceId } = tenant.underWay
  const running = problem.running.find(({ id }) => id === instanceId)
  const workSeconds = forecast.secondsByClass[classIndex] ?? null
  return spanOf(problem, running?.worker?.readyInSeconds ?? 0, workSeconds)
}

/**
 * The problem as an overhead-blind planner sees it: creating, destroying, starting, restoring and
 * cutting over take no time, and what is being initialised is ready. A checkpoint still takes its.
 */
export function withoutOverhead(problem: PlanningProblem): PlanningProblem {
  return {
    ...problem,
    costs: { ...problem.costs, createSeconds: 0, destroySeconds: 0, cutOverSeconds: 0 },
    tenants: problem.tenants.map((tenant) => ({
      ...tenant,
      inferenceStartSeconds: 0,
      retrainingStartSeconds: 0,
      underWay: tenant.underWay && { ...tenant.underWay, restoreSeconds: 0 },
    })),
    running: problem.running.map((instance) => ({
      ...instance,
      worker: instance.worker && { ...instance.worker, readyInSeconds: 0 },
    })),
  }
}

function spanOf(
  { costs, slotSeconds }: PlanningProblem,
  startSeconds: number,
  workSeconds: number | null,
): RetrainingSpan | null {
  if (workSeconds === null) return null
  return {
    warmUpSlots: slotsFor(startSeconds, slotSeconds),
    slots: Math.max(1, slotsFor(startSeconds + workSeconds + costs.checkpointSeconds, slotSeconds)),
  }
}
