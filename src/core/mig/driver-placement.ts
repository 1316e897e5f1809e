import { type Layout, place } from './layout.ts'
import { allPlacements, sliceMask } from './placement.ts'
import type { GpuInstanceProfile } from './profile.ts'

/**
 * Where the driver puts a GPU instance that is created without a placement: the possible start that
 * takes away the fewest placements still possible, over all profiles of the GPU; the lowest start
 * on a tie. Undefined where none is possible. A model, not NVIDIA's text: it reproduces every
 * sequence of unplaced creates found in the MIG User Guide and in public listings (the test has all
 * six), and can strand a 3g like the driver does, which is why migrator itself always says where.
 */
export function driverStart(layout: Layout, profile: GpuInstanceProfile): number | undefined {
  const everyProfile = layout.model.profiles.map(({ profileId }) => profileId)
  const open = allPlacements(layout.model, everyProfile).filter(
    (other) => place(layout, other.profile, other.start).kind === 'placed',
  )
  let best: { readonly start: number; readonly taken: number } | undefined
  for (const { start } of open.filter((other) => other.profile === profile)) {
    const mask = sliceMask(profile, start)
    const taken = open.filter(
      (other) => (sliceMask(other.profile, other.start) & mask) !== 0,
    ).length
    if (best === undefined || taken < best.taken) best = { start, taken }
  }
  return best?.start
}
