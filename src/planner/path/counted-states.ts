import type { GpuSpace } from './gpu-space.ts'
import {
  type Edge,
  edgeArraysOf,
  fillsOf,
  type ServingPlace,
  type ServingStates,
  type Swap,
} from './serving-states.ts'
import type { Work } from './work.ts'

/**
 * States as counts: a legal multiset for each tenant, all of them together legal. Few, but they
 * take it for granted that what fits by count can be placed. Tenant i holds only kinds with
 * `canServe[i][kind]`. Null when there are more than `statesMax`.
 */
export function countedStatesOf(
  space: GpuSpace,
  canServe: readonly (readonly boolean[])[],
  statesMax: number,
): ServingStates | null {
  const { multisetCount, kindCount, plus, sizes } = space
  const tenantCount = canServe.length
  const states = allStates(space, canServe, statesMax)
  if (states === null) return null
  const index = new Map<number, number>()
  const keyOf = (state: readonly number[]) => state.reduce((key, m) => key * multisetCount + m, 0)
  const held = new Int16Array(states.length * tenantCount)
  for (const [x, state] of states.entries()) {
    for (const [i, m] of state.held.entries()) held[i * states.length + x] = m
    index.set(keyOf(state.held), x)
  }
  const find = (state: readonly number[]) => index.get(keyOf(state)) ?? -1
  const stateOf = (serving: readonly ServingPlace[]) => {
    const state: number[] = Array(tenantCount).fill(0)
    for (const { tenant, place } of serving) {
      const kind = space.places[place]?.kind ?? 0
      state[tenant] = plus[(state[tenant] as number) * kindCount + kind] as number
      if ((state[tenant] as number) < 0) return -1
    }
    return find(state)
  }
  const edges = edgeArraysOf(edgesOf(space, states, canServe, find), states.length)
  return {
    isPlaced: false,
    tenantCount,
    stateCount: states.length,
    held,
    sizes: Uint8Array.from(states, ({ total }) => sizes[total] as number),
    ...roomsOf(space, states),
    ...edges,
    stateOf,
    swaps: (mayTakeOver) => swapsAmong(edges, mayTakeOver),
  }
}

type State = { readonly held: readonly number[]; readonly total: number }

function allStates(
  space: GpuSpace,
  canServe: readonly (readonly boolean[])[],
  statesMax: number,
): readonly State[] | null {
  const { multisetCount, sums, sizes } = space
  const allowed = canServe.map((kinds) => multisetsWithin(space, kinds))
  let states: State[] = [{ held: [], total: 0 }]
  for (const multisets of allowed) {
    const longer: State[] = []
    for (const { held, total } of states) {
      for (const m of multisets) {
        const sum = sums[total * multisetCount + m] as number
        if (sum >= 0) longer.push({ held: [...held, m], total: sum })
      }
      if (longer.length > statesMax) return null
    }
    states = longer
  }
  return states.sort((a, b) => (sizes[a.total] as number) - (sizes[b.total] as number))
}

/** Multisets that hold none but the given kinds. */
function multisetsWithin(space: GpuSpace, kinds: readonly boolean[]): readonly number[] {
  const found: number[] = []
  for (let m = 0; m < space.multisetCount; m += 1) {
    const counts = space.counts.subarray(m * space.kindCount, (m + 1) * space.kindCount)
    if (counts.every((count, kind) => count === 0 || kinds[kind] === true)) found.push(m)
  }
  return found
}

/** By counts alone the room beside a state is what may be added to its total. */
function roomsOf(space: GpuSpace, states: readonly State[]) {
  const { multisetCount, sums } = space
  const fits = Uint8Array.from(sums, (sum) => (sum >= 0 ? 1 : 0))
  const rooms = [...Array(multisetCount).keys()]
  return {
    room: Int16Array.from(states, ({ total }) => total),
    roomCount: multisetCount,
    fits,
    fills: rooms.map((m) =>
      fillsOf(space, fits.subarray(m * multisetCount, (m + 1) * multisetCount)),
    ),
  }
}

function edgesOf(
  { kindCount, plus }: GpuSpace,
  states: readonly State[],
  canServe: readonly (readonly boolean[])[],
  find: (state: readonly number[]) => number,
): readonly Edge[] {
  const edges: Edge[] = []
  for (const [from, { held, total }] of states.entries()) {
    for (const [tenant, own] of held.entries()) {
      for (let kind = 0; kind < kindCount; kind += 1) {
        if (canServe[tenant]?.[kind] !== true) continue
        if ((plus[total * kindCount + kind] as number) < 0) continue
        const more = plus[own * kindCount + kind] as number
        const to = find(held.map((m, i) => (i === tenant ? more : m)))
        edges.push({ from, to, tenant, kind })
      }
    }
  }
  return edges
}

/** An instance less for the one and an instance more of its kind for the other. */
function* swapsAmong(
  edges: ReturnType<typeof edgeArraysOf>,
  mayTakeOver: (kind: number, before: number, after: number) => boolean,
): Work<readonly Swap[]> {
  const { edgeCount, edgeFrom, edgeTo, edgeTenant, edgeKind, firstEdge } = edges
  const swaps: Swap[] = []
  for (let e = 0; e < edgeCount; e += 1) {
    const less = edgeFrom[e] as number
    const kind = edgeKind[e] as number
    const before = edgeTenant[e] as number
    for (let f = firstEdge[less] as number; f < (firstEdge[less + 1] as number); f += 1) {
      const after = edgeTenant[f] as number
      if (edgeKind[f] !== kind || !mayTakeOver(kind, before, after)) continue
      swaps.push({ from: edgeTo[e] as number, to: edgeTo[f] as number, before, after })
    }
  }
  yield 5 * edgeCount
  return swaps
}
