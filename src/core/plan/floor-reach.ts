import { enumerateProfileCounts } from '../mig/profile-counts.ts'
import type { ServiceTable } from '../workload/service-table.ts'
import type { PlanningGpu, PlanningProblem, PlanningTenant } from './problem.ts'
import { classIndexOf } from './slots.ts'
import { inferenceWarmUpSlots, slotsFor } from './warm-up.ts'

/**
 * An upper bound on the share of its requests that a tenant can have answered in time in this
 * problem, whatever happens to the others: no more are answered than arrive, nor than its service
 * table lets all GPUs answer at saturation, and none before the first worker can be ready. Null
 * without arrivals.
 */
export function reachableAttainment(
  problem: PlanningProblem,
  tenant: PlanningTenant,
): number | null {
  const saturation = saturationOf(tenant.service)
  const mostRps = problem.gpus.reduce((sum, gpu, index) => {
    const rpsOf = (profileId: number) => rpsOn(problem, tenant, [index, profileId])
    return sum + saturation * capacityOf(gpu, rpsOf)
  }, 0)
  const first = firstServingSlot(problem, tenant)
  let arrived = 0
  let answered = 0
  for (const [t, rps] of tenant.arrivals.meanRps.entries()) {
    arrived += rps
    if (t >= first) answered += Math.min(rps, mostRps)
  }
  return arrived > 0 ? answered / arrived : null
}

/** Answers over capacity where most is answered; a measured table may lie a little above 1. */
function saturationOf({ loads, sets }: ServiceTable): number {
  const answered = sets.flatMap(({ inTimeShare }) =>
    inTimeShare.map((share, i) => share * (loads[i] ?? 0)),
  )
  return Math.max(1, ...answered)
}

/** What one instance answers at most, by its table; 0 where the tenant cannot serve. */
function rpsOn(
  problem: PlanningProblem,
  { serving, service }: PlanningTenant,
  [gpu, profileId]: readonly [number, number],
): number {
  const k = classIndexOf(problem, gpu, profileId)
  if ((serving[k] ?? null) === null) return 0
  const alone = service.sets.find(({ counts }) =>
    counts.every((count, other) => count === (other === k ? 1 : 0)),
  )
  return alone?.capacityRps ?? 0
}

/** Of the instances that can stand together on an unblocked GPU those with most capacity. */
function capacityOf({ model, profileIds }: PlanningGpu, rpsOf: (profileId: number) => number) {
  if (model.sharing !== undefined) {
    // Shares of a per cent each: no combination beats the best rate per compute slice.
    const rates = profileIds.map((id) => {
      const profile = model.profiles.find((own) => own.profileId === id)
      return profile === undefined ? 0 : rpsOf(id) / profile.computeSlices
    })
    return model.computeSlices * Math.max(0, ...rates)
  }
  const sums = enumerateProfileCounts(model, profileIds).map(({ counts }) =>
    [...counts].reduce((sum, [profileId, count]) => sum + count * rpsOf(profileId), 0),
  )
  return Math.max(0, ...sums)
}

/** Before it nothing can serve the tenant; it may lie past the problem's end. */
export function firstServingSlot(problem: PlanningProblem, tenant: PlanningTenant): number {
  if (problem.isFirstLayoutFree) return 0
  const own = problem.running.flatMap(({ worker }) =>
    worker?.role === 'inference' && worker.tenant === tenant.id ? [worker.readyInSeconds] : [],
  )
  const ready = own.map((seconds) => slotsFor(seconds, problem.slotSeconds))
  return Math.min(inferenceWarmUpSlots(problem, tenant), ...ready)
}
