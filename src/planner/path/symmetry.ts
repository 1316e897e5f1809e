import type { Place } from './gpu-space.ts'

/** Fewer symmetries only mean more states; this bounds the work of using them. */
const symmetriesMax = 64

/**
 * The symmetries of a GPU's places: permutations of the places that come from permuting memory
 * slices and keep every kind. Two sets of placed instances that differ by one are equally good for
 * whatever comes after. The identity comes first; 16 on an A100's base profiles.
 */
export function symmetriesOf(places: readonly Place[]): readonly Int16Array[] {
  const parts = partsOf(places)
  const coverOf = (part: readonly number[]) =>
    part
      .map((place) => places[place]?.kind)
      .sort()
      .join(',')
  const found: Int16Array[] = []
  const image: number[] = []
  const extend = (): void => {
    if (found.length >= symmetriesMax) return
    const permutation = placesUnder(places, parts, image)
    if (permutation === null) return
    if (image.length === parts.length) {
      found.push(permutation)
      return
    }
    const part = parts[image.length] as readonly number[]
    for (const [to, other] of parts.entries()) {
      if (image.includes(to) || coverOf(part) !== coverOf(other)) continue
      image.push(to)
      extend()
      image.pop()
    }
  }
  extend()
  return found
}

/** Memory slices that the same places cover are one part: the indices of those places. */
function partsOf(places: readonly Place[]): readonly (readonly number[])[] {
  const parts = new Map<string, readonly number[]>()
  for (let slice = 0; slice < 32; slice += 1) {
    const covering = [...places.keys()].filter((p) => ((places[p] as Place).mask >> slice) & 1)
    if (covering.length > 0) parts.set(covering.join(','), covering)
  }
  return [...parts.values()]
}

/**
 * Where each place goes when part i goes to part image[i]; -1 while a part of it has no image yet.
 * Null if a place's image is none of its kind.
 */
function placesUnder(
  places: readonly Place[],
  parts: readonly (readonly number[])[],
  image: readonly number[],
): Int16Array | null {
  const permutation = new Int16Array(places.length).fill(-1)
  const covers = places.map((_, p) => [...parts.keys()].filter((i) => parts[i]?.includes(p)))
  for (const [p, { kind }] of places.entries()) {
    const own = covers[p] as number[]
    if (own.some((part) => part >= image.length)) continue
    const moved = own.map((part) => image[part] as number).sort((a, b) => a - b)
    const key = moved.join(',')
    const to = covers.findIndex((c, q) => places[q]?.kind === kind && c.join(',') === key)
    if (to < 0) return null
    permutation[p] = to
  }
  return permutation
}
