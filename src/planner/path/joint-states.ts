import type { GpuSpace } from './gpu-space.ts'

/**
 * Every way in which the tenants of a list can serve on one GPU at the same time, as counts: state
 * x gives tenant i the multiset `held[i * stateCount + x]`, and all together hold `total[x]`.
 * States with fewer instances come first, state 0 is the empty one. An edge adds one instance to
 * one tenant; edges are ordered by `from`, so one pass over them closes a table under any number of
 * additions.
 */
export type JointStates = {
  readonly tenantCount: number
  readonly stateCount: number
  readonly held: Int16Array
  readonly total: Int16Array
  readonly edgeCount: number
  readonly edgeFrom: Int32Array
  readonly edgeTo: Int32Array
  /** Position in the list of the tenant that gets the instance. */
  readonly edgeTenant: Uint8Array
  readonly edgeKind: Uint8Array
  /** Edges that leave state x: firstEdge[x] .. firstEdge[x + 1] - 1. */
  readonly firstEdge: Int32Array
  /** Edges that enter state x: entering[firstEntering[x]] .. entering[firstEntering[x + 1] - 1]. */
  readonly entering: Int32Array
  readonly firstEntering: Int32Array
  readonly indexOf: (held: readonly number[]) => number
}

/**
 * The states in which tenant i holds only kinds with `canServe[i][kind]`. Null when there are more
 * than `statesMax`: then fewer tenants have to be planned together.
 */
export function jointStatesOf(
  space: GpuSpace,
  canServe: readonly (readonly boolean[])[],
  statesMax: number,
): JointStates | null {
  const { multisetCount } = space
  const tenantCount = canServe.length
  const states = allStates(space, canServe, statesMax)
  if (states === null) return null
  const held = new Int16Array(states.length * tenantCount)
  const total = new Int16Array(states.length)
  const index = new Map<number, number>()
  const keyOf = (state: readonly number[]) => state.reduce((key, m) => key * multisetCount + m, 0)
  for (const [x, state] of states.entries()) {
    for (const [i, m] of state.held.entries()) held[i * states.length + x] = m
    total[x] = state.total
    index.set(keyOf(state.held), x)
  }
  const indexOf = (state: readonly number[]) => index.get(keyOf(state)) ?? -1
  const shape = { tenantCount, stateCount: states.length, held, total, indexOf }
  return { ...shape, ...edgesOf(space, shape, canServe) }
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

type Shape = Pick<JointStates, 'tenantCount' | 'stateCount' | 'held' | 'total' | 'indexOf'>

function edgesOf(space: GpuSpace, shape: Shape, canServe: readonly (readonly boolean[])[]) {
  const { tenantCount, stateCount, held, total, indexOf } = shape
  const { kindCount, plus } = space
  const from: number[] = []
  const to: number[] = []
  const tenant: number[] = []
  const kinds: number[] = []
  const firstEdge = new Int32Array(stateCount + 1)
  for (let x = 0; x < stateCount; x += 1) {
    const state = Array.from({ length: tenantCount }, (_, i) => held[i * stateCount + x] as number)
    for (let i = 0; i < tenantCount; i += 1) {
      const own = state[i] as number
      for (let kind = 0; kind < kindCount; kind += 1) {
        if (canServe[i]?.[kind] !== true) continue
        if ((plus[(total[x] as number) * kindCount + kind] as number) < 0) continue
        state[i] = plus[own * kindCount + kind] as number
        from.push(x)
        to.push(indexOf(state))
        tenant.push(i)
        kinds.push(kind)
      }
      state[i] = own
    }
    firstEdge[x + 1] = from.length
  }
  const edgeTo = Int32Array.from(to)
  return {
    edgeCount: from.length,
    edgeFrom: Int32Array.from(from),
    edgeTo,
    edgeTenant: Uint8Array.from(tenant),
    edgeKind: Uint8Array.from(kinds),
    firstEdge,
    ...enteringEdges(edgeTo, stateCount),
  }
}

function enteringEdges(edgeTo: Int32Array, stateCount: number) {
  const firstEntering = new Int32Array(stateCount + 1)
  for (const x of edgeTo) firstEntering[x + 1] = (firstEntering[x + 1] as number) + 1
  for (let x = 0; x < stateCount; x += 1) {
    firstEntering[x + 1] = (firstEntering[x + 1] as number) + (firstEntering[x] as number)
  }
  const entering = new Int32Array(edgeTo.length)
  const next = firstEntering.slice()
  for (const [edge, x] of edgeTo.entries()) {
    entering[next[x] as number] = edge
    next[x] = (next[x] as number) + 1
  }
  return { entering, firstEntering }
}
