import { areSwapsBegun, type BatchInputs, fitsThroughout } from './batch-programme.ts'
import type { GpuStart } from './gpu-start.ts'
import type { PlacedContext, PlacedMove, PlacedSearch } from './placed-node.ts'
import { countsOf, withSwaps } from './placed-swaps.ts'
import { addedTo, distinct, travel } from './placed-travel.ts'
import { flexibilityOf, freePlaces, itemOf, servingIn } from './placing.ts'

/** Equation (3)'s batches: instances that are added now, warm up together and then serve. */
export function batches(context: PlacedContext, t: number, move: PlacedMove): void {
  const { slotCount, warmUpSlots, swaps } = context.inputs
  const areDue = areSwapsDue(context, t, move)
  for (const u of new Set(warmUpSlots)) {
    if (t + u >= slotCount) continue
    const hasSwaps = areDue && swaps?.warmUpSlots === u
    for (const { x, until, value, estimate } of targetsOf(context, { t, u, hasSwaps }, move)) {
      const exchanged = hasSwaps ? withSwaps(context, move, { t, u, to: x }) : [move]
      for (const placed of exchanged.flatMap((own) => placingsOf(context, t, own, x))) {
        if (estimate < context.leastAt(until)) break
        travel(context, { ...placed, x, value, estimate, isFresh: true }, t, until)
      }
    }
  }
}

/**
 * Whether something is lost unless a change begins in slot t: only then are takeovers looked at,
 * for other batches begin as soon as there is room, but these may begin at any time.
 */
export function areSwapsDue(
  { inputs, tables: { served, toGo } }: PlacedSearch,
  t: number,
  { x }: PlacedMove,
): boolean {
  if (!areSwapsBegun(inputs, t)) return false
  const at = (rows: readonly Float64Array[], slot: number) =>
    (rows[slot] as Float64Array)[x] as number
  const stays = at(served, t) - at(served, t + 1) + at(toGo, t + 1)
  return at(toGo, t) > stays + 1e-12 * Math.abs(stays)
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
  batch: { readonly t: number; readonly u: number; readonly hasSwaps: boolean },
  move: PlacedMove,
): readonly Target[] {
  const { t, u, hasSwaps } = batch
  const { states, slotCount, residenceSlots } = inputs
  const until = Math.min(slotCount, Math.max(t + 1, t + u + residenceSlots))
  const fits = fitsThroughout(inputs, t, until)
  const least = leastAt(until)
  const served = (slot: number, x: number) => (tables.served[slot] as Float64Array)[x] as number
  const value = move.value + served(t, move.x) - served(t + u, move.x)
  const targets: Target[] = []
  const above = statesAbove(inputs, move.x, { u, hasSwaps }, fits)
  work.nodes += above.length / statesPerNode
  for (const x of above) {
    const arrived = value + served(t + u, x) - served(until, x)
    const estimate = arrived + ((tables.toGo[until] as Float64Array)[x] as number)
    if (estimate >= least) targets.push({ x, until, value: arrived, estimate })
  }
  const size = (x: number) => states.sizes[x] as number
  targets.sort((a, b) => b.estimate - a.estimate || size(a.x) - size(b.x))
  return targets.slice(0, work.nodes > nodesMax ? 1 : width)
}

/** So many states that a batch may lead to cost as much to look at as a node. */
const statesPerNode = 20

/**
 * States with more instances than x, of tenants that warm up within u slots, that fit; also with
 * instances of x that such tenants take over.
 */
function statesAbove(
  { states, warmUpSlots, swaps }: BatchInputs,
  x: number,
  { u, hasSwaps }: { readonly u: number; readonly hasSwaps: boolean },
  fits: Uint8Array,
): readonly number[] {
  const exchanges = hasSwaps ? swaps : null
  const found: number[] = []
  const seen = new Set([x])
  const stack = [x]
  while (stack.length > 0) {
    const from = stack.pop() as number
    const visit = (to: number, tenant: number): void => {
      const isAllowed = fits[states.room[to] as number] === 1
      if (seen.has(to) || !isAllowed || (warmUpSlots[tenant] as number) > u) return
      seen.add(to)
      found.push(to)
      stack.push(to)
    }
    const lastEdge = states.firstEdge[from + 1] as number
    for (let e = states.firstEdge[from] as number; e < lastEdge; e += 1) {
      visit(states.edgeTo[e] as number, states.edgeTenant[e] as number)
    }
    if (exchanges === null) continue
    const last = exchanges.firstLeaving[from + 1] as number
    for (let i = exchanges.firstLeaving[from] as number; i < last; i += 1) {
      const swap = exchanges.leaving[i] as number
      visit(exchanges.swapTo[swap] as number, exchanges.swapTenant[swap] as number)
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
  const counts = countsOf(inputs, move.placing.items)
  let moves: readonly PlacedMove[] = [move]
  for (let i = 0; i < states.tenantCount; i += 1) {
    const after = (states.held[i * states.stateCount + to] as number) * space.kindCount
    for (let kind = 0; kind < space.kindCount; kind += 1) {
      const before = counts[i * space.kindCount + kind] as number
      const added = (space.counts[after + kind] as number) - before
      for (let n = 0; n < added; n += 1) {
        const next = moves.flatMap((from) =>
          freePlaces(space, from.placing, kind)
            .filter((place) => slot > 0 || !isGettingReady(start, i, place))
            .map((place) => addedTo(space, from, slot, itemOf(place, i))),
        )
        work.nodes += next.length
        const some = distinct(symmetries, next)
        moves = states.isPlaced ? some : roomiest(space, some, width)
      }
    }
  }
  return moves.filter(({ placing }) => states.stateOf(servingIn(placing.items)) === to)
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
