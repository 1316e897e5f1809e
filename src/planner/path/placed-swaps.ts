import type { BatchInputs } from './batch-programme.ts'
import type { PlacedContext, PlacedMove } from './placed-node.ts'
import { distinct } from './placed-travel.ts'
import { type Item, itemOf, ownerOf, placeOf, scriptedOwner } from './placing.ts'

/** A batch on its way: begun in slot t, serving from slot t + u on in state `to`. */
export type Arrival = { readonly t: number; readonly u: number; readonly to: number }

/**
 * Every way of giving instances of a move to other tenants, who start beside those that serve there
 * (equation 3a), so that what state `to` holds beside them need only be added. The move as it is
 * comes first where nobody needs to give anything away.
 */
export function withSwaps(
  context: PlacedContext,
  move: PlacedMove,
  arrival: Arrival,
): readonly PlacedMove[] {
  const { inputs, symmetries, work } = context
  const { swaps, states } = inputs
  if (swaps === null) return [move]
  const wanted = wantedIn(inputs, arrival.to)
  const counts = countsOf(inputs, move.placing.items)
  const isLess = counts.every((count, at) => count <= (wanted[at] as number))
  if (isLess && !states.isPlaced) return [move]
  const changed = [...exchanges(inputs, move.placing.items, wanted, arrival.u)].map((owners) =>
    exchanged(inputs, move, owners, arrival),
  )
  work.nodes += changed.length
  const some = distinct(symmetries, changed)
  return isLess ? [move, ...some.filter(({ changes }) => changes !== move.changes)] : some
}

/** Instances of each tenant and kind (tenant * kindCount + kind) in a state. */
function wantedIn({ states, space }: BatchInputs, x: number): readonly number[] {
  const { kindCount, counts } = space
  return Array.from({ length: states.tenantCount * kindCount }, (_, at) => {
    const m = states.held[Math.floor(at / kindCount) * states.stateCount + x] as number
    return counts[m * kindCount + (at % kindCount)] as number
  })
}

export function countsOf(
  { states, space }: BatchInputs,
  items: readonly Item[],
): readonly number[] {
  const counts: number[] = Array(states.tenantCount * space.kindCount).fill(0)
  for (const item of items) {
    if (ownerOf(item) >= scriptedOwner) continue
    const at = ownerOf(item) * space.kindCount + (space.places[placeOf(item)]?.kind ?? 0)
    counts[at] = (counts[at] as number) + 1
  }
  return counts
}

/** New owners for the items, no more of anybody than is wanted. */
function* exchanges(
  { space, states, swaps, warmUpSlots }: BatchInputs,
  items: readonly Item[],
  wanted: readonly number[],
  u: number,
): Generator<readonly number[]> {
  const left = [...wanted]
  const owners: number[] = []
  let tried = 0
  function* from(index: number): Generator<readonly number[]> {
    const item = items[index]
    if (item === undefined) {
      yield [...owners]
      return
    }
    const own = ownerOf(item)
    const kind = space.places[placeOf(item)]?.kind ?? 0
    const others = [...Array(states.tenantCount).keys()].filter((i) => i !== own)
    for (const owner of own < scriptedOwner ? [own, ...others] : [own]) {
      tried += 1
      if (tried > exchangesMax) return
      const at = owner * space.kindCount + kind
      if (own < scriptedOwner && (left[at] as number) <= 0) continue
      if (owner !== own && (warmUpSlots[owner] as number) > u) continue
      if (owner !== own && swaps?.mayTakeOver(kind, own, owner) !== true) continue
      if (own < scriptedOwner) left[at] = (left[at] as number) - 1
      owners.push(owner)
      yield* from(index + 1)
      owners.pop()
      if (own < scriptedOwner) left[at] = (left[at] as number) + 1
    }
  }
  yield* from(0)
}

/** Owners that are tried for one placing. */
const exchangesMax = 2000

/** Who takes over starts just so early that it serves when the one before goes. */
function exchanged(
  { readySlots }: BatchInputs,
  move: PlacedMove,
  owners: readonly number[],
  { t, u }: Arrival,
): PlacedMove {
  const { items, mask } = move.placing
  const changes = items.flatMap((item, index) => {
    const owner = owners[index] as number
    if (owner === ownerOf(item)) return []
    const slot = t + u - (readySlots[owner] as number)
    return [
      { slot, item: itemOf(placeOf(item), owner), isAdded: true },
      { slot: t + u, item, isAdded: false },
    ]
  })
  if (changes.length === 0) return move
  const after = items.map((item, index) => itemOf(placeOf(item), owners[index] as number))
  const placing = { items: after.sort((a, b) => a - b), mask }
  return { ...move, placing, changes: [...move.changes, ...changes], key: null }
}
