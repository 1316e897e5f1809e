import { must } from '../../base/assert.ts'
import type { PackTarget } from './pack.ts'

/** Instances of one GPU as they are given out: a size and the tenant that serves on it. */
export type SplitInstance = { readonly size: number; readonly tenant: number }

export type SplitProblem = {
  readonly targets: readonly PackTarget[]
  /** Ascending. */
  readonly sizes: readonly number[]
  /** Requests per second by tenant; one with none wants nothing. */
  readonly demandRps: readonly number[]
  /** What a tenant can sustain on an instance of that size; 0 = it cannot serve there. */
  readonly capacityRps: (tenant: number, size: number) => number
}

/** How often the GPUs are gone through. */
const roundsMax = 4

/**
 * Which instances each GPU has and who serves on them, so that the tenant with the least capacity
 * for its demand has as much as can be, then the next one, and so on. Every layout and assignment
 * of a GPU is tried, GPUs one after the other until nothing changes (exact for one GPU). A public
 * re-implementation (Css22/MIG_MPS) runs PARIS with two models by the same objective.
 */
export function splitForInference(problem: SplitProblem): readonly (readonly SplitInstance[])[] {
  const options = problem.targets.map((target) => fullSets(target, problem.sizes))
  let chosen: readonly (readonly SplitInstance[])[] = problem.targets.map(() => [])
  for (let round = 0; round < roundsMax; round += 1) {
    const before = chosen
    for (const gpu of problem.targets.keys()) {
      const others = chosen.filter((_, other) => other !== gpu).flat()
      const best = bestFor(problem, must(options[gpu]), others, must(chosen[gpu]))
      chosen = chosen.with(gpu, best)
    }
    if (chosen.every((own, gpu) => own === before[gpu])) break
  }
  return chosen
}

/** Capacity over demand of each tenant that wants something, the least first. */
export function servedRatios(
  { demandRps, capacityRps }: Pick<SplitProblem, 'demandRps' | 'capacityRps'>,
  instances: readonly SplitInstance[],
): readonly number[] {
  const capacity = demandRps.map(() => 0)
  for (const { tenant, size } of instances) {
    capacity[tenant] = must(capacity[tenant]) + capacityRps(tenant, size)
  }
  return demandRps
    .flatMap((demand, tenant) => (demand > 0 ? [must(capacity[tenant]) / demand] : []))
    .sort((a, b) => a - b)
}

function bestFor(
  problem: SplitProblem,
  sets: readonly (readonly number[])[],
  others: readonly SplitInstance[],
  now: readonly SplitInstance[],
): readonly SplitInstance[] {
  let best = now
  let ratios = servedRatios(problem, [...others, ...now])
  for (const sizes of sets) {
    for (const instances of assignments(problem, sizes)) {
      const next = servedRatios(problem, [...others, ...instances])
      if (!isAbove(next, ratios)) continue
      best = instances
      ratios = next
    }
  }
  return best
}

function isAbove(a: readonly number[], b: readonly number[]): boolean {
  for (const [i, value] of a.entries()) {
    const difference = value - must(b[i])
    if (Math.abs(difference) > 1e-12) return difference > 0
  }
  return false
}

/** Sets of sizes (ascending) that fit and to which nothing can be added. */
function fullSets({ fits }: PackTarget, sizes: readonly number[]): readonly (readonly number[])[] {
  const found: (readonly number[])[] = []
  const extend = (held: readonly number[], from: number): void => {
    for (const [i, size] of sizes.entries()) {
      if (i >= from && fits([...held, size])) extend([...held, size], i)
    }
    if (held.length > 0 && sizes.every((size) => !fits([...held, size]))) found.push(held)
  }
  extend([], 0)
  return found
}

/** Every way to give the sizes to tenants that can serve on them; equal sizes are one. */
function* assignments(
  { demandRps, capacityRps }: SplitProblem,
  sizes: readonly number[],
): Generator<readonly SplitInstance[]> {
  const tenants = demandRps.map((_, tenant) => tenant)
  const chosen: SplitInstance[] = []
  yield* extend(0)

  function* extend(i: number): Generator<readonly SplitInstance[]> {
    const size = sizes[i]
    if (size === undefined) {
      yield [...chosen]
      return
    }
    const able = tenants.filter((tenant) => capacityRps(tenant, size) > 0)
    const isAlike = i > 0 && sizes[i - 1] === size
    const last = chosen.at(-1)
    const isFrom = (tenant: number) => !isAlike || last?.size !== size || tenant >= last.tenant
    if (able.length === 0) yield* extend(i + 1)
    for (const tenant of able.filter(isFrom)) {
      chosen.push({ size, tenant })
      yield* extend(i + 1)
      chosen.pop()
    }
  }
}
