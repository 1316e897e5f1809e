import type { Term } from './model.ts'
import type { Place } from './places.ts'

export type SpaceRow = {
  readonly name: string
  /** (index of a place, weight) */
  readonly terms: readonly Term[]
  readonly right: number
}

type Slices = { readonly memorySlices: number; readonly computeSlices: number }

/**
 * A place at most holds each memory slice (design 001, 1); slices that no place tells apart once.
 */
export function sliceRows(places: readonly Place[], model: Slices): readonly SpaceRow[] {
  const rows = new Map<string, SpaceRow>()
  for (let slice = 0; slice < model.memorySlices; slice += 1) {
    const holders = places.filter(({ mask }) => (mask & (1 << slice)) !== 0)
    const key = holders.map(({ index }) => index).join()
    if (holders.length === 0 || rows.has(key)) continue
    rows.set(key, { name: `memory_slice_${slice}`, terms: holders.map(one), right: 1 })
  }
  return [...rows.values()]
}

/** What else limits the instances of a GPU at one moment: compute slices, counts, media engines. */
export function otherRows(places: readonly Place[], model: Slices): readonly SpaceRow[] {
  const compute = {
    name: 'compute_slices',
    terms: places.map(({ index, profile }): Term => [index, profile.computeSlices]),
    right: model.computeSlices,
  }
  const profiles = [...new Set(places.map(({ profile }) => profile))]
  const counts = profiles
    .filter((profile) => profile.instanceCountMax < profile.starts.length)
    .map((profile) => ({
      name: `instances_max_${profile.profileId}`,
      terms: places.filter((place) => place.profile === profile).map(one),
      right: profile.instanceCountMax,
    }))
  return [compute, ...counts, ...mediaRows(places)]
}

function one({ index }: Place): Term {
  return [index, 1]
}

/** One `+me` at a time; beside `+me.all` nothing but `-me`. */
function mediaRows(places: readonly Place[]): readonly SpaceRow[] {
  const of = (attribute: string) => places.filter(({ profile }) => profile.attribute === attribute)
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
