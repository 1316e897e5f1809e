import { must } from '../base/assert.ts'
import type { PlanningProblem, PlanningTenant } from '../core/plan/problem.ts'
import { inTimeRps } from '../core/workload/service-table.ts'
import { type ClassCounts, distinctCounts } from './gpu-layouts.ts'

/** Instances that serve one tenant together, as a count per class, and what they answer. */
export type ServingSet = {
  readonly counts: ClassCounts
  /** Requests answered in time per second, in each slot of the problem (design 001, 9). */
  readonly answeredRps: Float64Array
}

export type ServingSetOptions = {
  /** Leave out sets that some smaller set equals within this share of the arrivals; 0 = keep all. */
  readonly tolerance: number
  /** At most this many sets a tenant; the most useful are kept. Only several GPUs come near it. */
  readonly setCountMax: number
}

/** Sets that a tenant may serve with, the empty set first, in a stable order. */
export function servingSets(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  options: ServingSetOptions,
): readonly ServingSet[] {
  const empty = problem.classes.map(() => 0)
  let sets = [servingSet(tenant, empty)]
  for (const gpu of problem.gpus.keys()) {
    const additions = distinctCounts(problem, gpu).filter((counts) =>
      counts.every((count, k) => count === 0 || (tenant.serving[k] ?? null) !== null),
    )
    const known = new Map(sets.map((set) => [set.counts.join(), set]))
    for (const set of sets) {
      for (const addition of additions) {
        const counts = set.counts.map((count, k) => count + must(addition[k]))
        const key = counts.join()
        if (!known.has(key)) known.set(key, servingSet(tenant, counts))
      }
    }
    sets = useful(tenant, [...known.values()], options)
  }
  return sets
}

function servingSet(tenant: PlanningTenant, counts: ClassCounts): ServingSet {
  const { meanRps, dispersion } = tenant.arrivals
  const answered = (rate: number) => inTimeRps(tenant.service, counts, rate, dispersion)
  return { counts, answeredRps: Float64Array.from(meanRps, answered) }
}

/** Drops a set when one of its instances could go at no loss, then the least useful beyond the limit. */
function useful(
  tenant: PlanningTenant,
  sets: readonly ServingSet[],
  { tolerance, setCountMax }: ServingSetOptions,
): ServingSet[] {
  const byKey = new Map(sets.map((set) => [set.counts.join(), set]))
  const isUseful = (set: ServingSet): boolean =>
    set.counts.every((count, k) => {
      if (count === 0) return true
      const less = byKey.get(set.counts.map((n, j) => (j === k ? n - 1 : n)).join())
      return less === undefined || gains(tenant, less, set, tolerance)
    })
  const kept = tolerance > 0 ? sets.filter(isUseful) : [...sets]
  if (kept.length <= setCountMax) return kept
  const sizeOf = ({ counts }: ServingSet) => counts.reduce((sum, count) => sum + count, 0)
  return kept.sort((a, b) => sizeOf(a) - sizeOf(b)).slice(0, setCountMax)
}

/** Whether `more` answers noticeably more than `less` in some slot. */
function gains(
  tenant: PlanningTenant,
  less: ServingSet,
  more: ServingSet,
  tolerance: number,
): boolean {
  return tenant.arrivals.meanRps.some(
    (rate, t) =>
      (more.answeredRps[t] as number) - (less.answeredRps[t] as number) > tolerance * rate,
  )
}
