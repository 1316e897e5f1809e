import type { Term } from './model.ts'
import type { Place } from './places.ts'

export type SpaceRow = {
  readonly name: string
  /** (index of a place, weight) */
  readonly terms: readonly Term[]
  readonly right: number
}

/**
 * The limits of one GPU at one moment (design 001, 1) as sums over the places held: memory slices
 * first, one row each. Counts that memory slices limit already are left out.
 */
export function spaceRows(
  places: readonly Place[],
  model: { readonly memorySlices: number; readonly computeSlices: number },
): readonly SpaceRow[] {
  const weigh = (of: readonly Place[], weight: (place: Place) => number): Term[] =>
    of.map((place): Term => [place.index, weight(place)])
  const slices = Array.from({ length: model.memorySlices }, (_, slice) => ({
    name: `memory_slice_${slice}`,
    terms: weigh(
      places.filter(({ mask }) => (mask & (1 << slice)) !== 0),
      () => 1,
    ),
    right: 1,
  }))
  const compute = {
    name: 'compute_slices',
    terms: weigh(places, ({ profile }) => profile.computeSlices),
    right: model.computeSlices,
  }
  const profiles = [...new Set(places.map(({ profile }) => profile))]
  const counts = profiles
    .filter((profile) => profile.instanceCountMax < profile.starts.length)
    .map((profile) => ({
      name: `instances_max_${profile.profileId}`,
      terms: weigh(
        places.filter((place) => place.profile === profile),
        () => 1,
      ),
      right: profile.instanceCountMax,
    }))
  return [...slices, compute, ...counts, ...mediaRows(places)]
}

/** One `+me` at a time; beside `+me.all` nothing but `-me`. */
function mediaRows(places: readonly Place[]): readonly SpaceRow[] {
  const of = (attribute: string) => places.filter(({ profile }) => profile.attribute === attribute)
  const one = (place: Place): Term => [place.index, 1]
  const all = of('+me.all')
  const pairs = all.flatMap((first) =>
    places
      .filter((place) => place !== first && place.profile.attribute !== '-me')
      .map((second) => ({
        name: `media_all_${first.index}_${second.index}`,
        terms: [one(first), one(second)],
        right: 1,
      })),
  )
  const me = of('+me')
  return me.length > 1 ? [{ name: 'media', terms: me.map(one), right: 1 }, ...pairs] : pairs
}
