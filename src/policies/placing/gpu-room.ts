import type { PlacedProfile } from '../../core/mig/placement.ts'
import type { GpuInstanceProfile } from '../../core/mig/profile.ts'
import type { PlanningGpu } from '../../core/plan/problem.ts'
import type { Wanted } from './wanted.ts'

/** What can still be placed on one GPU beside instances that stay. */
export type GpuRoom = {
  /** Whether exactly these (in any order) fit. */
  readonly fits: (wanted: readonly Wanted[]) => boolean
  /**
   * Where they go, parallel to `wanted`, so that as many as possible take over what runs for them;
   * null if they do not fit.
   */
  readonly place: (wanted: readonly Wanted[]) => readonly PlacedProfile[] | null
}

/** The profile that stands for a size: the first one without an attribute, else the first. */
export function profilesBySize({
  model,
  profileIds,
}: PlanningGpu): Map<number, GpuInstanceProfile> {
  const own = model.profiles.filter(({ profileId }) => profileIds.includes(profileId))
  const isPlain = ({ attribute }: GpuInstanceProfile) => attribute === 'base'
  const sizes = new Map<number, GpuInstanceProfile>()
  for (const profile of [...own.filter(isPlain), ...own]) {
    if (!sizes.has(profile.computeSlices)) sizes.set(profile.computeSlices, profile)
  }
  return sizes
}
