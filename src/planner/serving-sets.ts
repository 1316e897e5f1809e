import { must } from '../base/assert.ts'
import type { PlanningProblem, PlanningTenant } from '../core/plan/problem.ts'
import { inTimeRps } from '../core/workload/service-table.ts'
import type { CountStates } from './count-states.ts'
import { type ClassCounts, distinctCounts } from './gpu-layouts.ts'

/** Instances that serve one tenant together, as a count per class, and what they answer. */
export type ServingSet = {
  readonly counts: ClassCounts
  /** Requests answered in time per second, in each slot of the problem (design 001, 9). */
  readonly answeredRps: Float64Array
}

export type ServingSetOptions = {
  /**
   * Leave out sets that do as well, within this share of the highest arrival rate, without one of
   * their instances; 0 = keep all.
   */
  readonly tolerance: number
  /** At most this many sets a tenant. Only several GPUs or many tenants come near it. */
  readonly setCountMax: number
}

/** A set while its worth is only known at the highest arrival rate. */
type Candidate = { readonly counts: ClassCounts; readonly answeredAtPeak: number }

/** Sets that a tenant may serve with, the empty set first, in a stable order. */
export function servingSets(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  { states, ...options }: ServingSetOptions & { readonly states: CountStates },
): readonly ServingSet[] {
  const peak = tenant.arrivals.meanRps.reduce((most, rate) => Math.max(most, rate), 0)
  const { dispersion } = tenant.arrivals
  const candidate = (counts: ClassCounts): Candidate => ({
    counts,
    answeredAtPeak: inTimeRps(tenant.service, counts, peak, dispersion),
  })
  let found = [candidate(problem.classes.map(() => 0))]
  for (const gpu of problem.gpus.keys()) {
    const additions = distinctCounts(problem, gpu).filter((counts) =>
      counts.every((count, k) => count === 0 || (tenant.serving[k] ?? null) !== null),
    )
    const known = new Map(found.map((one) => [one.counts.join(), one]))
    for (const { counts: before } of found) {
      for (const addition of additions) {
        const counts = before.map((count, k) => count + must(addition[k]))
        const key = counts.join()
        if (!known.has(key)) known.set(key, candidate(counts))
      }
    }
    found = spread(useful(known, options.tolerance * peak), options.setCountMax)
  }
  return found.map(({ counts }) => ({
    counts,
    answeredRps: states.answeredRps(states.stateOf(counts)),
  }))
}

/** Drops a set when one of its instances could go at (nearly) no loss. */
function useful(sets: ReadonlyMap<string, Candidate>, loss: number): readonly Candidate[] {
  if (loss <= 0) return [...sets.values()]
  return [...sets.values()].filter(({ counts, answeredAtPeak }) =>
    counts.every((count, k) => {
      if (count === 0) return true
      const less = sets.get(counts.map((n, j) => (j === k ? n - 1 : n)).join())
      return less === undefined || answeredAtPeak - less.answeredAtPeak > loss
    }),
  )
}

/**
 * At most `most` sets: those of up to two instances and of one class first, then others evenly.
 * With the counts formulation any set in their convex hull can still be chosen, valued by
 * interpolation.
 */
function spread(sets: readonly Candidate[], most: number): Candidate[] {
  if (sets.length <= most) return [...sets]
  const sizeOf = ({ counts }: Candidate) => counts.reduce((sum, count) => sum + count, 0)
  const classesOf = ({ counts }: Candidate) => counts.filter((count) => count > 0).length
  const isCorner = (set: Candidate) => sizeOf(set) <= 2 || classesOf(set) <= 1
  const corners = sets.filter(isCorner).sort((a, b) => sizeOf(a) - sizeOf(b))
  const others = sets.filter((set) => !isCorner(set))
  const room = Math.max(0, most - corners.length)
  const picked = others.filter(
    (_, i) => Math.floor((i * room) / others.length) < Math.floor(((i + 1) * room) / others.length),
  )
  return [...corners.slice(0, most), ...picked]
}
