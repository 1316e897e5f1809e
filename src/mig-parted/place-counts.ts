import type { GpuModel } from '../core/mig/gpu-model.ts'
import { enumerateLayouts, type Layout } from '../core/mig/layout.ts'
import { transition } from '../core/mig/transition.ts'

export type PlaceCountsResult =
  | { readonly kind: 'placed'; readonly layout: Layout }
  | { readonly kind: 'no-such-profile'; readonly name: string }
  /** Each profile exists, but so many of them do not fit together. */
  | { readonly kind: 'does-not-fit' }

/**
 * Places for so many instances of each profile: of all layouts with these counts the one that
 * takes the fewest steps from what is there, the first in a fixed order on a tie. mig-parted itself
 * leaves the places to the driver, which can strand a large profile.
 */
export function placeCounts(from: Layout, counts: ReadonlyMap<string, number>): PlaceCountsResult {
  const { model } = from
  const wanted = new Map<number, number>()
  for (const [name, count] of counts) {
    const profile = model.profiles.find((own) => own.name === name)
    if (profile === undefined) return { kind: 'no-such-profile', name }
    if (count > 0) wanted.set(profile.profileId, count)
  }
  let best: { readonly layout: Layout; readonly steps: number } | undefined
  for (const layout of layoutsWith(model, wanted)) {
    const steps = transition(from, layout).length
    if (best === undefined || steps < best.steps) best = { layout, steps }
  }
  return best === undefined ? { kind: 'does-not-fit' } : { kind: 'placed', layout: best.layout }
}

/** Profile name to count, in the model's order: what mig-parted would call this layout. */
export function countsOf({ model, placed }: Layout): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { name, profileId } of model.profiles) {
    const count = placed.filter(({ profile }) => profile.profileId === profileId).length
    if (count > 0) counts.set(name, count)
  }
  return counts
}

function layoutsWith(model: GpuModel, wanted: ReadonlyMap<number, number>): readonly Layout[] {
  return enumerateLayouts(model, [...wanted.keys()]).filter(({ placed }) =>
    [...wanted].every(
      ([profileId, count]) =>
        placed.filter(({ profile }) => profile.profileId === profileId).length === count,
    ),
  )
}
