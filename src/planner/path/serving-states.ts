import type { GpuSpace } from './gpu-space.ts'
import type { Work } from './work.ts'

/** An instance that serves: which of the list's tenants holds which place of the GPU's space. */
export type ServingPlace = { readonly tenant: number; readonly place: number }

/**
 * Every way in which the tenants of a list can serve on one GPU at the same time, told apart by
 * counts (counted-states.ts) or also by places up to symmetry (placed-states.ts). State x gives
 * tenant i the multiset `held[i * stateCount + x]`. States with fewer instances come first, state 0
 * is the empty one. An edge adds one instance to one tenant; edges are ordered by `from`, so one
 * pass over them closes a table under any number of additions.
 */
export type ServingStates = {
  readonly isPlaced: boolean
  readonly tenantCount: number
  readonly stateCount: number
  readonly held: Int16Array
  /** Instances of each state. */
  readonly sizes: Uint8Array
  /** States that leave the same room beside them have the same `room`. */
  readonly room: Int16Array
  readonly roomCount: number
  /** fits[room * multisetCount + m] = 1 where multiset m can be placed in the room. */
  readonly fits: Uint8Array
  /** Per room the multisets that fit and to which nothing that fits can be added. */
  readonly fills: readonly (readonly number[])[]
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
  /** The state of instances on places; -1 where they cannot be together. */
  readonly stateOf: (serving: readonly ServingPlace[]) => number
  /** Every way in which one instance can go from a tenant to another that may take it over. */
  readonly swaps: (
    mayTakeOver: (kind: number, before: number, after: number) => boolean,
  ) => Work<readonly Swap[]>
}

/** State `from` with one instance of tenant `before` (a position) held by `after` instead. */
export type Swap = {
  readonly from: number
  readonly to: number
  readonly before: number
  readonly after: number
}

export type Edge = {
  readonly from: number
  readonly to: number
  readonly tenant: number
  readonly kind: number
}

/** Edges, given in the order of `from`, as the arrays of ServingStates. */
export function edgeArraysOf(edges: readonly Edge[], stateCount: number) {
  const firstEdge = new Int32Array(stateCount + 1)
  for (const { from } of edges) firstEdge[from + 1] = (firstEdge[from + 1] as number) + 1
  accumulate(firstEdge)
  const edgeTo = Int32Array.from(edges, ({ to }) => to)
  return {
    edgeCount: edges.length,
    edgeFrom: Int32Array.from(edges, ({ from }) => from),
    edgeTo,
    edgeTenant: Uint8Array.from(edges, ({ tenant }) => tenant),
    edgeKind: Uint8Array.from(edges, ({ kind }) => kind),
    firstEdge,
    ...enteringEdges(edgeTo, stateCount),
  }
}

function enteringEdges(edgeTo: Int32Array, stateCount: number) {
  const firstEntering = new Int32Array(stateCount + 1)
  for (const x of edgeTo) firstEntering[x + 1] = (firstEntering[x + 1] as number) + 1
  accumulate(firstEntering)
  const entering = new Int32Array(edgeTo.length)
  const next = firstEntering.slice()
  for (const [edge, x] of edgeTo.entries()) {
    entering[next[x] as number] = edge
    next[x] = (next[x] as number) + 1
  }
  return { entering, firstEntering }
}

function accumulate(counts: Int32Array): void {
  for (let i = 1; i < counts.length; i += 1) {
    counts[i] = (counts[i] as number) + (counts[i - 1] as number)
  }
}

/** Of the multisets that fit a room those to which nothing that fits can be added. */
export function fillsOf({ multisetCount, kindCount, plus }: GpuSpace, fits: Uint8Array) {
  const fills: number[] = []
  for (let m = 0; m < multisetCount; m += 1) {
    if (fits[m] !== 1) continue
    const row = plus.subarray(m * kindCount, (m + 1) * kindCount)
    if (row.every((more) => more < 0 || fits[more] !== 1)) fills.push(m)
  }
  return fills
}
