import type { GpuSpace } from './gpu-space.ts'
import type { ServingPlace } from './serving-states.ts'

/** Owners 0 .. scriptedOwner - 1 are tenants that the programme plans; then come scripted holds. */
export const scriptedOwner = 64
const ownerLimit = 1024

/** An instance on a place with its owner, as one number: place x ownerLimit + owner. */
export type Item = number

export function itemOf(place: number, owner: number): Item {
  return place * ownerLimit + owner
}

export function placeOf(item: Item): number {
  return (item / ownerLimit) | 0
}

export function ownerOf(item: Item): number {
  return item % ownerLimit
}

/** Instances placed on one GPU at one moment; `mask` are the memory slices they cover. */
export type Placing = { readonly items: readonly Item[]; readonly mask: number }

export const emptyPlacing: Placing = { items: [], mask: 0 }

/** Items stay in ascending order. */
export function withItem(space: GpuSpace, { items, mask }: Placing, item: Item): Placing {
  const at = items.findIndex((other) => other > item)
  const index = at < 0 ? items.length : at
  return {
    items: [...items.slice(0, index), item, ...items.slice(index)],
    mask: mask | maskOf(space, item),
  }
}

export function withoutItem(space: GpuSpace, { items, mask }: Placing, item: Item): Placing {
  return { items: items.filter((other) => other !== item), mask: mask & ~maskOf(space, item) }
}

/** Who serves where: all but what is scripted. */
export function servingIn(items: readonly Item[]): readonly ServingPlace[] {
  return items
    .filter((item) => ownerOf(item) < scriptedOwner)
    .map((item) => ({ tenant: ownerOf(item), place: placeOf(item) }))
}

function maskOf(space: GpuSpace, item: Item): number {
  return space.places[placeOf(item)]?.mask ?? 0
}

/** Places of a kind that overlap nothing. */
export function freePlaces(space: GpuSpace, { mask }: Placing, kind: number): readonly number[] {
  const free: number[] = []
  for (const [index, place] of space.places.entries()) {
    if (place.kind === kind && (place.mask & mask) === 0) free.push(index)
  }
  return free
}

/** How much could still be placed beside it: the memory slices of all places that are free. */
export function flexibilityOf(space: GpuSpace, { mask }: Placing): number {
  let flexibility = 0
  for (const place of space.places) {
    if ((place.mask & mask) === 0) flexibility += popCount(place.mask)
  }
  return flexibility
}

function popCount(mask: number): number {
  let count = 0
  for (let left = mask; left !== 0; left &= left - 1) count += 1
  return count
}

/** The same for placings that differ by a symmetry of the GPU. */
export function keyOf(symmetries: readonly Int16Array[], { items }: Placing): string {
  if (symmetries.length <= 1) return String.fromCharCode(...items)
  const least = [...items]
  const moved: Item[] = new Array(items.length)
  for (let s = 1; s < symmetries.length; s += 1) {
    moveSorted(symmetries[s] as Int16Array, items, moved)
    if (isBefore(moved, least))
      for (let i = 0; i < moved.length; i += 1) least[i] = moved[i] as Item
  }
  return String.fromCharCode(...least)
}

/**
 * The items under a symmetry, in ascending order: an insertion sort, for they are seven at most.
 */
function moveSorted(symmetry: Int16Array, items: readonly Item[], moved: Item[]): void {
  for (let i = 0; i < items.length; i += 1) {
    const item = items[i] as Item
    const image = itemOf(symmetry[placeOf(item)] as number, ownerOf(item))
    let j = i
    for (; j > 0 && (moved[j - 1] as Item) > image; j -= 1) moved[j] = moved[j - 1] as Item
    moved[j] = image
  }
}

function isBefore(a: readonly Item[], b: readonly Item[]): boolean {
  for (let i = 0; i < a.length; i += 1) {
    if (a[i] !== b[i]) return (a[i] as Item) < (b[i] as Item)
  }
  return false
}
