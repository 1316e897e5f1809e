import type { BatchInputs } from './batch-programme.ts'
import type { PlacedContext, PlacedMove, Scripted } from './placed-node.ts'
import {
  freePlaces,
  itemOf,
  keyOf,
  ownerOf,
  type Placing,
  scriptedOwner,
  withItem,
  withoutItem,
} from './placing.ts'

/** Every way of placing the scripted holds that begin in the slot. */
export function withScripted(
  { inputs: { space }, scripted, starting, symmetries, work }: PlacedContext,
  slot: number,
  move: PlacedMove,
): readonly PlacedMove[] {
  let moves = [move]
  for (const index of starting[slot] as readonly number[]) {
    const { kind, notPlace, place } = scripted[index] as Scripted
    moves = moves.flatMap((from) =>
      freePlaces(space, from.placing, kind)
        .filter((free) => free !== notPlace && (place === null || free === place))
        .map((free) => addedTo(space, from, slot, itemOf(free, scriptedOwner + index))),
    )
    work.nodes += moves.length
    if (notPlace === null && place === null) moves = distinct(symmetries, moves)
  }
  return moves
}

export function addedTo(
  space: BatchInputs['space'],
  from: PlacedMove,
  slot: number,
  item: number,
): PlacedMove {
  const changes = [...from.changes, { slot, item, isAdded: true }]
  return { ...from, placing: withItem(space, from.placing, item), changes, key: null }
}

/** One move of each set that differ by a symmetry only. */
export function distinct(
  symmetries: readonly Int16Array[],
  moves: readonly PlacedMove[],
): PlacedMove[] {
  if (moves.length <= 1) return [...moves]
  const byKey = new Map<string, PlacedMove>()
  for (const move of moves) {
    const key = keyOf(symmetries, move.placing)
    if (!byKey.has(key)) byKey.set(key, { ...move, key })
  }
  return [...byKey.values()]
}

/** One slot more with the same instances. */
export function stay(context: PlacedContext, t: number, move: PlacedMove): void {
  const { served, toGo } = context.tables
  const { x } = move
  const before = served[t] as Float64Array
  const after = served[t + 1] as Float64Array
  const value = move.value + ((before[x] as number) - (after[x] as number))
  const estimate = value + ((toGo[t + 1] as Float64Array)[x] as number)
  travel(context, { ...move, value, estimate, isFresh: false }, t, t + 1)
}

/** Carries a move to slot `until`: what is scripted in between ends and begins on the way. */
export function travel(
  context: PlacedContext,
  move: PlacedMove,
  from: number,
  until: number,
): void {
  if (!(move.estimate >= context.leastAt(until))) return
  let moves: readonly PlacedMove[] = [move]
  for (let slot = from + 1; slot <= until; slot += 1) {
    moves = moves.map((other) => withoutEnded(context, slot, other))
    if (slot < until) moves = moves.flatMap((other) => withScripted(context, slot, other))
  }
  for (const arrived of moves) context.push(until, arrived)
}

function withoutEnded(context: PlacedContext, slot: number, move: PlacedMove): PlacedMove {
  let left = move
  for (const index of context.ending[slot] as readonly number[]) {
    const item = left.placing.items.find((other) => ownerOf(other) === scriptedOwner + index)
    if (item === undefined) continue
    const placing = withoutItem(context.inputs.space, left.placing, item)
    const changes = [...left.changes, { slot, item, isAdded: false }]
    left = { ...left, placing, changes, key: null, isFresh: true }
  }
  return left
}

/** A move from nothing. */
export function firstMove(x: number, placing: Placing): PlacedMove {
  const changes = placing.items.map((item) => ({ slot: 0, item, isAdded: true }))
  const state = { value: 0, estimate: 0, isFresh: true, parent: null, key: null }
  return { x, placing, changes, ...state }
}
