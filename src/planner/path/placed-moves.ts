import { type BatchInputs, fitsThroughout } from './batch-programme.ts'
import type { GpuStart } from './gpu-start.ts'
import type { PlacedNode, PlacedSearch, Scripted } from './placed-search.ts'
import {
  flexibilityOf,
  freePlaces,
  itemOf,
  keyOf,
  ownerOf,
  type Placing,
  placeOf,
  scriptedOwner,
  withItem,
  withoutItem,
} from './placing.ts'

/** A node in the making; `changes` are those since `parent`, a null key is still to be computed. */
export type PlacedMove = Omit<PlacedNode, 'key'> & { readonly key: string | null }

/** A search with its scripted holds listed by slot. */
export type PlacedContext = PlacedSearch & {
  readonly starting: readonly (readonly number[])[]
  readonly ending: readonly (readonly number[])[]
  readonly push: (slot: number, move: PlacedMove) => void
  /** Moves to that slot worth less than this are not wanted. */
  readonly leastAt: (slot: number) => number
  readonly work: { nodes: number }
}

/** Everything that may be done at the start of slot t from a node. */
export function expand(context: PlacedContext, t: number, node: PlacedNode): void {
  const isStarting = (context.starting[t] as readonly number[]).length > 0
  for (const move of dropVariants(context, t, { ...node, parent: node, changes: [] })) {
    const isDropped = move.changes.length > 0
    if (!isDropped && !node.isFresh && !isStarting) {
      stay(context, t, move)
      continue
    }
    for (const ready of withScripted(context, t, move)) {
      if (!isDropped || isStarting) stay(context, t, ready)
      batches(context, t, ready)
    }
  }
}

/** The move itself, and less some of its serving instances as far as that can still be best. */
export function dropVariants(
  { inputs, tables, valueMin }: PlacedSearch,
  t: number,
  move: PlacedMove,
): readonly PlacedMove[] {
  const toGo = tables.toGo[t] as Float64Array
  const variants = [move]
  const drop = (from: PlacedMove, index: number): void => {
    for (let i = index; i < move.placing.items.length; i += 1) {
      const item = move.placing.items[i] as number
      const x = stateWithout(inputs, from.x, item)
      if (x < 0 || !(from.value + (toGo[x] as number) >= valueMin)) continue
      const placing = withoutItem(inputs.space, from.placing, item)
      const changes = [...from.changes, { slot: t, item, isAdded: false }]
      const smaller = { ...from, x, placing, changes, key: null }
      variants.push(smaller)
      drop(smaller, i + 1)
    }
  }
  drop(move, 0)
  if (variants.length <= variantsMax) return variants
  const estimate = (other: PlacedMove) => other.value + (toGo[other.x] as number)
  return variants.sort((a, b) => estimate(b) - estimate(a)).slice(0, variantsMax)
}

/** Ways to drop something that are followed up from one node. */
const variantsMax = 24

/** The state without one serving instance of the item's owner and kind; -1 if it holds none. */
function stateWithout({ states, space }: BatchInputs, x: number, item: number): number {
  const kind = space.places[placeOf(item)]?.kind
  const last = states.firstEntering[x + 1] as number
  for (let index = states.firstEntering[x] as number; index < last; index += 1) {
    const edge = states.entering[index] as number
    if (states.edgeTenant[edge] === ownerOf(item) && states.edgeKind[edge] === kind) {
      return states.edgeFrom[edge] as number
    }
  }
  return -1
}

/** Every way of placing the scripted holds that begin in the slot. */
export function withScripted(
  { inputs: { space }, scripted, starting, symmetries }: PlacedContext,
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
    if (notPlace === null && place === null) moves = distinct(symmetries, moves)
  }
  return moves
}

function addedTo(
  space: BatchInputs['space'],
  from: PlacedMove,
  slot: number,
  item: number,
): PlacedMove {
  const changes = [...from.changes, { slot, item, isAdded: true }]
  return { ...from, placing: withItem(space, from.placing, item), changes, key: null }
}

/** One move of each set that differ by a symmetry only. */
function distinct(symmetries: readonly Int16Array[], moves: readonly PlacedMove[]): PlacedMove[] {
  if (moves.length <= 1) return [...moves]
  const byKey = new Map<string, PlacedMove>()
  for (const move of moves) {
    const key = keyOf(symmetries, move.placing)
    if (!byKey.has(key)) byKey.set(key, { ...move, key })
  }
  return [...byKey.values()]
}

/** One slot more with the same instances. */
function stay(context: PlacedContext, t: number, move: PlacedMove): void {
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

/** Equation (3)'s batches: instances that are added now, warm up together and then serve. */
function batches(context: PlacedContext, t: number, move: PlacedMove): void {
  const { slotCount, warmUpSlots } = context.inputs
  for (const u of new Set(warmUpSlots)) {
    if (t + u >= slotCount) continue
    for (const { x, until, value, estimate } of targetsOf(context, t, u, move)) {
      for (const placed of placingsOf(context, t, move, x)) {
        if (estimate < context.leastAt(until)) break
        travel(context, { ...placed, x, value, estimate, isFresh: true }, t, until)
      }
    }
  }
}

type Target = {
  readonly x: number
  readonly until: number
  readonly value: number
  readonly estimate: number
}

/** The states a batch of warm-up u may lead to, best first, no more than the search is wide. */
function targetsOf(
  { inputs, tables, width, leastAt, work, nodesMax }: PlacedContext,
  t: number,
  u: number,
  move: PlacedMove,
): readonly Target[] {
  const { states, slotCount, residenceSlots } = inputs
  const until = Math.min(slotCount, Math.max(t + 1, t + u + residenceSlots))
  const fits = fitsThroughout(inputs, t, until)
  const least = leastAt(until)
  const served = (slot: number, x: number) => (tables.served[slot] as Float64Array)[x] as number
  const value = move.value + served(t, move.x) - served(t + u, move.x)
  const targets: Target[] = []
  for (const x of statesAbove(inputs, move.x, u, fits)) {
    const arrived = value + served(t + u, x) - served(until, x)
    const estimate = arrived + ((tables.toGo[until] as Float64Array)[x] as number)
    if (estimate >= least) targets.push({ x, until, value: arrived, estimate })
  }
  const size = (x: number) => inputs.space.sizes[states.total[x] as number] as number
  targets.sort((a, b) => b.estimate - a.estimate || size(a.x) - size(b.x))
  return targets.slice(0, work.nodes > nodesMax ? 1 : width)
}

/** States with more instances than x, of tenants that warm up within u slots, that fit. */
function statesAbove(
  { states, warmUpSlots }: BatchInputs,
  x: number,
  u: number,
  fits: Uint8Array,
): readonly number[] {
  const found: number[] = []
  const seen = new Set([x])
  const stack = [x]
  while (stack.length > 0) {
    const from = stack.pop() as number
    for (
      let e = states.firstEdge[from] as number;
      e < (states.firstEdge[from + 1] as number);
      e += 1
    ) {
      const to = states.edgeTo[e] as number
      const isAllowed = fits[states.total[to] as number] === 1
      if (seen.has(to) || !isAllowed) continue
      if ((warmUpSlots[states.edgeTenant[e] as number] as number) > u) continue
      seen.add(to)
      found.push(to)
      stack.push(to)
    }
  }
  return found
}

/**
 * The ways, up to symmetry, of placing the instances that state `to` has beside the move's; of many
 * those that leave the most room.
 */
export function placingsOf(
  { inputs, symmetries, width, start, work }: PlacedContext,
  slot: number,
  move: PlacedMove,
  to: number,
): readonly PlacedMove[] {
  const { states, space } = inputs
  let moves: readonly PlacedMove[] = [move]
  for (let i = 0; i < states.tenantCount; i += 1) {
    const offset = i * states.stateCount
    const before = (states.held[offset + move.x] as number) * space.kindCount
    const after = (states.held[offset + to] as number) * space.kindCount
    for (let kind = 0; kind < space.kindCount; kind += 1) {
      const added = (space.counts[after + kind] as number) - (space.counts[before + kind] as number)
      for (let n = 0; n < added; n += 1) {
        const next = moves.flatMap((from) =>
          freePlaces(space, from.placing, kind)
            .filter((place) => slot > 0 || !isGettingReady(start, i, place))
            .map((place) => addedTo(space, from, slot, itemOf(place, i))),
        )
        work.nodes += next.length
        moves = roomiest(space, distinct(symmetries, next), width)
      }
    }
  }
  return moves
}

/**
 * A worker that gets ready where it is cannot be started anew there: that would be the same one.
 */
function isGettingReady({ workers }: GpuStart, tenant: number, place: number): boolean {
  return workers.some((own) => own.tenant === tenant && own.place === place && own.readySlot > 0)
}

function roomiest(
  space: BatchInputs['space'],
  moves: readonly PlacedMove[],
  count: number,
): readonly PlacedMove[] {
  if (moves.length <= count) return moves
  const rooms = moves.map((move) => ({ move, room: flexibilityOf(space, move.placing) }))
  rooms.sort((a, b) => b.room - a.room)
  return rooms.slice(0, count).map(({ move }) => move)
}

/** A move from nothing. */
export function firstMove(x: number, placing: Placing): PlacedMove {
  const changes = placing.items.map((item) => ({ slot: 0, item, isAdded: true }))
  const state = { value: 0, estimate: 0, isFresh: true, parent: null, key: null }
  return { x, placing, changes, ...state }
}
