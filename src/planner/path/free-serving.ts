import type { BatchInputs } from './batch-programme.ts'
import { kindsOf, placesFor } from './free-states.ts'
import type { PlacedSearch } from './placed-node.ts'
import { type Item, itemOf, ownerOf, type Placing, placeOf, withItem } from './placing.ts'
import { subsetsOf } from './start-moves.ts'

type Wanted = { readonly tenant: number; readonly kind: number }

/**
 * Places for the instances of state x beside what is scripted, as many as can be where `before` has
 * them; null where there are none.
 */
export function servingAs(
  { inputs, start }: PlacedSearch,
  change: {
    readonly x: number
    readonly slot: number
    readonly scripted: Placing
    readonly before: readonly Item[]
  },
): readonly Item[] | null {
  const { x, slot, scripted, before } = change
  const { space } = inputs
  const wanted = wantedIn(inputs, x)
  // A worker that gets ready where it is cannot be started anew there: it would be the same one.
  const isAllowed = (tenant: number, place: number) =>
    slot > 0 ||
    start.isFree ||
    start.workers.every(
      (own) => own.tenant !== tenant || own.place !== place || own.readySlot === 0,
    )
  for (const kept of keepable(inputs, before, scripted)) {
    const added = without(inputs, wanted, kept)
    if (added === null) continue
    const standing = kept.reduce((own, item) => withItem(space, own, item), scripted)
    const kinds = added.map(({ kind }) => kind)
    const places = placesFor(space, standing, kinds, (index, place) =>
      isAllowed((added[index] as Wanted).tenant, place),
    )
    if (places === null) continue
    return [...kept, ...places.map((place, i) => itemOf(place, (added[i] as Wanted).tenant))]
  }
  return null
}

/** One for each instance of the state. */
function wantedIn({ space, states }: BatchInputs, x: number): readonly Wanted[] {
  return Array.from({ length: states.tenantCount }, (_, tenant) => {
    const multiset = states.held[tenant * states.stateCount + x] as number
    return kindsOf(space, multiset).map((kind) => ({ tenant, kind }))
  }).flat()
}

/** Parts of what served before that do not stand where something is scripted, the largest first. */
function keepable(
  { space }: BatchInputs,
  before: readonly Item[],
  { mask }: Placing,
): readonly (readonly Item[])[] {
  const standing = before.filter((item) => ((space.places[placeOf(item)]?.mask ?? 0) & mask) === 0)
  return [...subsetsOf(standing)].sort((a, b) => b.length - a.length)
}

/** What is wanted beside these; null if they are not all wanted. */
function without(
  { space }: BatchInputs,
  wanted: readonly Wanted[],
  kept: readonly Item[],
): readonly Wanted[] | null {
  const left = [...wanted]
  for (const item of kept) {
    const kind = space.places[placeOf(item)]?.kind
    const at = left.findIndex((own) => own.tenant === ownerOf(item) && own.kind === kind)
    if (at < 0) return null
    left.splice(at, 1)
  }
  return left
}
