import { allPlacements, sliceMask } from '../core/mig/placement.ts'
import type { GpuInstanceProfile } from '../core/mig/profile.ts'
import type { PlanningProblem, RunningInstance } from '../core/plan/problem.ts'
import { classIndexOf } from '../core/plan/slots.ts'

/** One placement that a plan may use: a GPU, a profile and where it starts. */
export type Place = {
  readonly index: number
  readonly gpu: number
  readonly profile: GpuInstanceProfile
  /** In memory slices. */
  readonly start: number
  /** The memory slices it covers, bit m for slice m. */
  readonly mask: number
  readonly classIndex: number
}

/**
 * Every allowed placement clear of blocked slices (design 001, "Sets and constants"), in GPU order.
 */
export function placesOf(problem: PlanningProblem): readonly Place[] {
  const places: Place[] = []
  for (const [gpu, { model, profileIds, blocked }] of problem.gpus.entries()) {
    const blockedMask = blocked.reduce(
      (mask, { start, size }) => mask | (((1 << size) - 1) << start),
      0,
    )
    for (const { profile, start } of allPlacements(model, profileIds)) {
      const mask = sliceMask(profile, start)
      const classIndex = classIndexOf(problem, gpu, profile.profileId)
      if ((mask & blockedMask) !== 0 || classIndex < 0) continue
      places.push({ index: places.length, gpu, profile, start, mask, classIndex })
    }
  }
  return places
}

/** The place on which an instance runs, or null where plans may not use it. */
export function placeOf(places: readonly Place[], instance: RunningInstance): Place | null {
  const found = places.find(
    ({ gpu, profile, start }) =>
      gpu === instance.gpu && start === instance.start && profile.profileId === instance.profileId,
  )
  return found ?? null
}
