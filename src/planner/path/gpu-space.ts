import { must } from '../../base/assert.ts'
import { profileById } from '../../core/mig/gpu-model.ts'
import { allPlacements, sliceMask } from '../../core/mig/placement.ts'
import type { GpuInstanceProfile } from '../../core/mig/profile.ts'
import type { PlanningGpu, PlanningProblem } from '../../core/plan/problem.ts'

/** A place for a GPU instance; `kind` indexes the classes of its GpuSpace. */
export type Place = { readonly kind: number; readonly start: number; readonly mask: number }

/**
 * What fits on one GPU, as counts: its *kinds* (the instance classes it allows), the multisets of
 * them that can be placed together beside what is blocked, and how multisets add up. Multiset 0 is
 * the empty one, and smaller ones come first.
 */
export type GpuSpace = {
  readonly kindCount: number
  /** Index into the problem's classes, per kind. */
  readonly classes: readonly number[]
  readonly places: readonly Place[]
  readonly multisetCount: number
  /** counts[m * kindCount + kind]. */
  readonly counts: Uint8Array
  readonly sizes: Uint8Array
  /** plus[m * kindCount + kind]: multiset with one instance more, or -1 if it does not fit. */
  readonly plus: Int16Array
  /** sums[a * multisetCount + b]: the multiset of both together, or -1 if it does not fit. */
  readonly sums: Int16Array
}

/** The space of GPU `gpu` of the problem; design 001, line 1, as far as counts can say it. */
export function gpuSpaceOf(problem: PlanningProblem, gpu: number): GpuSpace {
  const planningGpu = must(problem.gpus[gpu])
  const classes = classesOf(problem, planningGpu)
  const profiles = classes.map((index) =>
    profileById(planningGpu.model, must(problem.classes[index]).profileId),
  )
  const blockedMask = planningGpu.blocked.reduce(
    (mask, { start, size }) => mask | (((1 << size) - 1) << start),
    0,
  )
  const places = placesOf(planningGpu, profiles).filter(({ mask }) => (mask & blockedMask) === 0)
  const multisets = legalMultisets(planningGpu, profiles, places)
  return { classes, places, ...tablesOf(multisets, classes.length) }
}

/** Names two GPUs alike for which the same tables hold. */
export function spaceKeyOf(problem: PlanningProblem, gpu: number): string {
  const { model, profileIds, blocked } = must(problem.gpus[gpu])
  const blocks = blocked.map(({ start, size }) => `${start}+${size}`)
  return `${model.id}|${profileIds.join(',')}|${blocks.sort().join(',')}`
}

function classesOf(problem: PlanningProblem, { model, profileIds }: PlanningGpu): number[] {
  return [...problem.classes.keys()].filter((index) => {
    const { gpuModelId, profileId } = must(problem.classes[index])
    return gpuModelId === model.id && profileIds.includes(profileId)
  })
}

function placesOf({ model }: PlanningGpu, profiles: readonly GpuInstanceProfile[]): Place[] {
  const ids = profiles.map(({ profileId }) => profileId)
  return allPlacements(model, ids).map(({ profile, start }) => ({
    kind: ids.indexOf(profile.profileId),
    start,
    mask: sliceMask(profile, start),
  }))
}

/** Counts that some set of disjoint places holds and that the GPU's limits allow. */
function legalMultisets(
  { model }: PlanningGpu,
  profiles: readonly GpuInstanceProfile[],
  places: readonly Place[],
): number[][] {
  const found = new Map<string, number[]>()
  const visited = new Set<string>()
  const extend = (used: number, counts: readonly number[]): void => {
    const key = counts.join(',')
    const visit = `${used}|${key}`
    if (visited.has(visit)) return
    visited.add(visit)
    found.set(key, [...counts])
    for (const { kind, mask } of places) {
      if ((used & mask) !== 0) continue
      const more = counts.map((count, other) => (other === kind ? count + 1 : count))
      if (isWithinLimits(model.computeSlices, profiles, more)) extend(used | mask, more)
    }
  }
  extend(
    0,
    profiles.map(() => 0),
  )
  const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0)
  return [...found.values()].sort((a, b) => total(a) - total(b))
}

function isWithinLimits(
  computeSlices: number,
  profiles: readonly GpuInstanceProfile[],
  counts: readonly number[],
): boolean {
  const held = profiles.filter((_, kind) => must(counts[kind]) > 0)
  const slices = profiles.reduce((sum, p, kind) => sum + p.computeSlices * must(counts[kind]), 0)
  if (slices > computeSlices) return false
  if (profiles.some((p, kind) => must(counts[kind]) > p.instanceCountMax)) return false
  const countOf = (attribute: string) =>
    profiles.reduce((sum, p, i) => sum + (p.attribute === attribute ? must(counts[i]) : 0), 0)
  if (countOf('+me') > 1 || countOf('+me.all') > 1) return false
  const isExclusive = countOf('+me.all') > 0
  return !isExclusive || held.every(({ attribute }) => ['+me.all', '-me'].includes(attribute))
}

function tablesOf(
  multisets: readonly (readonly number[])[],
  kindCount: number,
): Omit<GpuSpace, 'classes' | 'places'> {
  const multisetCount = multisets.length
  const indexOf = new Map(multisets.map((counts, m) => [counts.join(','), m]))
  const find = (counts: readonly number[]) => indexOf.get(counts.join(',')) ?? -1
  const sums = new Int16Array(multisetCount * multisetCount)
  const plus = new Int16Array(multisetCount * kindCount)
  for (const [a, counts] of multisets.entries()) {
    for (const [b, others] of multisets.entries()) {
      const index = a * multisetCount + b
      if (b < a) sums[index] = must(sums[b * multisetCount + a])
      else sums[index] = find(counts.map((count, kind) => count + must(others[kind])))
    }
    for (let kind = 0; kind < kindCount; kind += 1) {
      plus[a * kindCount + kind] = find(counts.map((n, other) => (other === kind ? n + 1 : n)))
    }
  }
  return {
    kindCount,
    multisetCount,
    counts: Uint8Array.from(multisets.flat()),
    sizes: Uint8Array.from(multisets, (counts) => counts.reduce((sum, n) => sum + n, 0)),
    plus,
    sums,
  }
}
