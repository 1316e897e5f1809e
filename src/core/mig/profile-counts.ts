import type { GpuModel } from './gpu-model.ts'
import { enumerateLayouts, isMaximal, type Layout } from './layout.ts'

/**
 * Profile counts: how many GPU instances of each profile, placements left open (what mig-parted's
 * files call `mig-devices`). Keys are NVML profile ids, every count is at least 1.
 */
export type ProfileCounts = ReadonlyMap<number, number>

export function profileCountsOf(layout: Layout): ProfileCounts {
  const counts = new Map<number, number>()
  for (const { profile } of layout.placed) {
    counts.set(profile.profileId, (counts.get(profile.profileId) ?? 0) + 1)
  }
  return counts
}

/** One text per multiset, the same for the same counts: `9:1 14:1 19:2`. */
export function profileCountsKey(counts: ProfileCounts): string {
  const pairs = [...counts].filter(([, count]) => count > 0)
  return pairs
    .sort(([a], [b]) => a - b)
    .map(([profileId, count]) => `${profileId}:${count}`)
    .join(' ')
}

/** Whether `whole` has at least as many of every profile as `part`. */
export function contains(whole: ProfileCounts, part: ProfileCounts): boolean {
  return [...part].every(([profileId, count]) => (whole.get(profileId) ?? 0) >= count)
}

/** A multiset of profiles that some layout has, with every layout that has it. */
export type LegalCounts = {
  readonly counts: ProfileCounts
  readonly layouts: readonly Layout[]
  /** Some layout with these counts is maximal (another placement of them may still have room). */
  readonly isMaximalSomewhere: boolean
  /** No other legal counts contain these. */
  readonly isInclusionMaximal: boolean
}

/** Every legal multiset of these profiles, the empty one first. */
export function enumerateProfileCounts(
  model: GpuModel,
  profileIds: readonly number[],
): readonly LegalCounts[] {
  const byKey = new Map<string, Layout[]>()
  for (const layout of enumerateLayouts(model, profileIds)) {
    const key = profileCountsKey(profileCountsOf(layout))
    const alike = byKey.get(key)
    if (alike === undefined) byKey.set(key, [layout])
    else alike.push(layout)
  }
  const groups = [...byKey.values()].map((layouts) => ({
    layouts,
    counts: profileCountsOf(layouts[0] as Layout),
  }))
  return groups.map((group) => ({
    ...group,
    isMaximalSomewhere: group.layouts.some((layout) => isMaximal(layout, profileIds)),
    isInclusionMaximal: groups.every(
      (other) => other === group || !contains(other.counts, group.counts),
    ),
  }))
}
