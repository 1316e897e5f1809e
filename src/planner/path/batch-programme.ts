import type { GpuSpace } from './gpu-space.ts'
import type { ServingStates } from './serving-states.ts'
import type { Swaps } from './swaps.ts'
import { pieceSteps, slotSteps, type Work } from './work.ts'

/**
 * What the batch programme is solved for: the tenants of `states` serve on one GPU, everything else
 * on it is given. `rewards[i][t * multisetCount + m]` is what tenant i's serving with multiset m in
 * slot t is worth.
 */
export type BatchInputs = {
  readonly space: GpuSpace
  readonly states: ServingStates
  readonly slotCount: number
  readonly rewards: readonly Float64Array[]
  /** The multiset that retraining and tenants not in `states` hold in each slot. */
  readonly occupied: Int16Array
  /** What is planned for U of each tenant, in slots, and what U is: a batch may take longer. */
  readonly warmUpSlots: readonly number[]
  readonly readySlots: readonly number[]
  readonly residenceSlots: number
  /** Takeovers between states, from that slot on; null without any. */
  readonly swaps: Swaps | null
  readonly swapsFrom: number
}

/**
 * The programme's tables, a row of `stateCount` values per slot 0 .. N: `toGo[t][x]` is the best
 * value of slots t .. N - 1 from serving state x at the start of slot t (B of design 003), and
 * `served[t][x]` that of serving x in all of them (C).
 */
export type BatchTables = {
  readonly toGo: Float64Array[]
  readonly served: Float64Array[]
}

export function emptyBatchTables(slotCount: number, stateCount: number): BatchTables {
  const rows = () => Array.from({ length: slotCount + 1 }, () => new Float64Array(stateCount))
  return { toGo: rows(), served: rows() }
}

/**
 * Design 003, equations (3) and (3a): fills rows `lastSlot .. 0`, given the rows after them.
 */
export function* fillBatchTables(inputs: BatchInputs, tables: BatchTables, lastSlot: number): Work {
  const { states, warmUpSlots } = inputs
  const warmUps = [...new Set(warmUpSlots)].sort((a, b) => a - b)
  const scratch = new Float64Array(states.stateCount)
  const edgesByWarmUp = new Map(warmUps.map((u) => [u, edgesWithin(states, warmUpSlots, u)]))
  let steps = 0
  for (let t = lastSlot; t >= 0; t -= 1) {
    addServed(inputs, tables, t)
    stay(inputs, tables, t)
    for (const u of warmUps) {
      const edges = edgesByWarmUp.get(u) as Int32Array
      if (u > 0 || inputs.residenceSlots > 0) warmUpBatch(inputs, tables, { t, u, edges, scratch })
      else addAtOnce(inputs, tables, { t, edges })
    }
    dropAny(states, tables.toGo[t] as Float64Array)
    steps += (warmUps.length + 1) * (states.stateCount + states.edgeCount) + slotSteps
    if (areSwapsBegun(inputs, t)) steps += inputs.swaps?.swapFrom.length ?? 0
    if (steps < pieceSteps) continue
    yield steps
    steps = 0
  }
  yield steps
}

/** Edges that add an instance to a tenant whose warm-up is at most `u`, in reverse order. */
function edgesWithin(states: ServingStates, warmUpSlots: readonly number[], u: number): Int32Array {
  const edges: number[] = []
  for (let e = states.edgeCount - 1; e >= 0; e -= 1) {
    if ((warmUpSlots[states.edgeTenant[e] as number] as number) <= u) edges.push(e)
  }
  return Int32Array.from(edges)
}

/** Whether batches that begin in slot t may have takeovers in them. */
export function areSwapsBegun(
  { swaps, swapsFrom }: Pick<BatchInputs, 'swaps' | 'swapsFrom'>,
  t: number,
): boolean {
  return swaps !== null && t >= swapsFrom && t % swaps.stride === 0
}

/** C_t(x) = C_{t+1}(x) + sum over tenants of their reward in slot t. */
function addServed(inputs: BatchInputs, { served }: BatchTables, t: number): void {
  const { states, space, rewards } = inputs
  const { stateCount, held } = states
  const row = served[t] as Float64Array
  row.set(served[t + 1] as Float64Array)
  for (const [i, reward] of rewards.entries()) {
    const offset = i * stateCount
    const slot = reward.subarray(t * space.multisetCount, (t + 1) * space.multisetCount)
    for (let x = 0; x < stateCount; x += 1) {
      row[x] = (row[x] as number) + (slot[held[offset + x] as number] as number)
    }
  }
}

/** B_t(x) >= reward of x in slot t + B_{t+1}(x), where x fits beside what is occupied. */
function stay(inputs: BatchInputs, { toGo, served }: BatchTables, t: number): void {
  const { states, space, occupied } = inputs
  const { stateCount, room, fits } = states
  const row = toGo[t] as Float64Array
  const next = toGo[t + 1] as Float64Array
  const from = served[t] as Float64Array
  const after = served[t + 1] as Float64Array
  const { multisetCount } = space
  const beside = occupied[t] as number
  for (let x = 0; x < stateCount; x += 1) {
    row[x] =
      fits[(room[x] as number) * multisetCount + beside] === 0
        ? Number.NEGATIVE_INFINITY
        : (next[x] as number) + ((from[x] as number) - (after[x] as number))
  }
}

type Batch = {
  readonly t: number
  readonly u: number
  readonly edges: Int32Array
  readonly scratch: Float64Array
}

/**
 * B_t(x) >= reward of x in slots t .. t + u - 1 + max of B_{t+u}(R) over R that contain x and fit
 * beside what is occupied in all those slots: what R has beside x warms up meanwhile. So does
 * whoever takes an instance of x over, beside the one who serves on it until then.
 */
function warmUpBatch(inputs: BatchInputs, tables: BatchTables, batch: Batch): void {
  const { states, slotCount, residenceSlots } = inputs
  const { stateCount, edgeFrom, edgeTo } = states
  const { t, u, edges, scratch } = batch
  if (t + u >= slotCount) return
  const until = Math.min(slotCount, t + u + residenceSlots)
  fillTargets(inputs, tables, { t, u, until, scratch })
  for (const e of edges) {
    const from = edgeFrom[e] as number
    const value = scratch[edgeTo[e] as number] as number
    if (value > (scratch[from] as number)) scratch[from] = value
  }
  const { swaps } = inputs
  if (swaps?.warmUpSlots === u && areSwapsBegun(inputs, t)) relaxSwaps(swaps, scratch)
  const row = tables.toGo[t] as Float64Array
  const before = tables.served[t] as Float64Array
  const after = tables.served[t + u] as Float64Array
  for (let x = 0; x < stateCount; x += 1) {
    const value = (before[x] as number) - (after[x] as number) + (scratch[x] as number)
    if (value > (row[x] as number)) row[x] = value
  }
}

/** What arriving at a state is worth to one that becomes it when instances change hands. */
function relaxSwaps({ swapFrom, swapTo }: Swaps, scratch: Float64Array): void {
  for (let s = 0; s < swapFrom.length; s += 1) {
    const from = swapFrom[s] as number
    const value = scratch[swapTo[s] as number] as number
    if (value > (scratch[from] as number)) scratch[from] = value
  }
}

/**
 * What arriving at R in slot t + u is worth if R fits in t .. until - 1, else minus infinity. With
 * a minimum residence, R is kept until slot `until`.
 */
function fillTargets(
  inputs: BatchInputs,
  { toGo, served }: BatchTables,
  span: { t: number; u: number; until: number; scratch: Float64Array },
): void {
  const { room, stateCount } = inputs.states
  const { t, u, until, scratch } = span
  const fits = fitsThroughout(inputs, t, until)
  const start = served[t + u] as Float64Array
  const end = served[until] as Float64Array
  const target = toGo[until] as Float64Array
  for (let x = 0; x < stateCount; x += 1) {
    scratch[x] =
      fits[room[x] as number] === 1
        ? (target[x] as number) + ((start[x] as number) - (end[x] as number))
        : Number.NEGATIVE_INFINITY
  }
}

/** 1 for the rooms in which what is occupied fits in every slot of from .. until - 1. */
export function fitsThroughout(
  { space, states, occupied }: Pick<BatchInputs, 'space' | 'states' | 'occupied'>,
  from: number,
  until: number,
): Uint8Array {
  const { roomCount, fits } = states
  const throughout = new Uint8Array(roomCount).fill(1)
  let last = -1
  for (let t = from; t < until; t += 1) {
    const now = occupied[t] as number
    if (now === last) continue
    last = now
    for (let room = 0; room < roomCount; room += 1) {
      if (fits[room * space.multisetCount + now] === 0) throughout[room] = 0
    }
  }
  return throughout
}

/** With no warm-up an instance serves in the slot it is added: B_t(x) >= B_t(x and one more). */
function addAtOnce(
  { states }: BatchInputs,
  { toGo }: BatchTables,
  { t, edges }: { readonly t: number; readonly edges: Int32Array },
): void {
  const row = toGo[t] as Float64Array
  for (const e of edges) {
    const from = states.edgeFrom[e] as number
    const value = row[states.edgeTo[e] as number] as number
    if (value > (row[from] as number)) row[from] = value
  }
}

/** Instances may be dropped at any slot's start: B_t(x) >= B_t(y) for every y within x. */
function dropAny({ edgeCount, edgeFrom, edgeTo }: ServingStates, row: Float64Array): void {
  for (let e = 0; e < edgeCount; e += 1) {
    const to = edgeTo[e] as number
    const value = row[edgeFrom[e] as number] as number
    if (value > (row[to] as number)) row[to] = value
  }
}
