import type { GpuModel } from './gpu-model.ts'
import type { GpuInstanceProfile } from './profile.ts'

/** A GPU instance as geometry: a profile and where it starts, in memory slices. */
export type PlacedProfile = {
  readonly profile: GpuInstanceProfile
  readonly start: number
}

/** The memory slices it covers; bit m stands for memory slice m. */
export function sliceMask(profile: GpuInstanceProfile, start: number): number {
  return ((1 << profile.size) - 1) << start
}

/** The memory slices that any of them covers. */
export function sliceMaskOf(placed: readonly PlacedProfile[]): number {
  return placed.reduce((mask, { profile, start }) => mask | sliceMask(profile, start), 0)
}

export function overlaps(a: PlacedProfile, b: PlacedProfile): boolean {
  return (sliceMask(a.profile, a.start) & sliceMask(b.profile, b.start)) !== 0
}

/** Same profile at the same start: an instance that survives a change of layout. */
export function isSamePlacement(a: PlacedProfile, b: PlacedProfile): boolean {
  return a.start === b.start && a.profile.profileId === b.profile.profileId
}

/** Ids of the profiles a site uses unless it asks for others: those without an attribute. */
export function baseProfileIds(model: GpuModel): readonly number[] {
  return model.profiles
    .filter((profile) => profile.attribute === 'base')
    .map((profile) => profile.profileId)
}

/** Every possible placement of these profiles, in the model's order of profiles, then by start. */
export function allPlacements(
  model: GpuModel,
  profileIds: readonly number[],
): readonly PlacedProfile[] {
  return model.profiles
    .filter((profile) => profileIds.includes(profile.profileId))
    .flatMap((profile) => profile.starts.map((start) => ({ profile, start })))
}
