import { type Boundary, boundaryAt, type Ending, endingsOf } from './dual-boundary.ts'
import { crossBackwards } from './dual-crossing.ts'
import { type DualLayer, type DualLayers, layerSteps } from './dual-layer.ts'
import type { Prices } from './dual-prices.ts'
import type { DualProblem, DualTenant } from './dual-problem.ts'
import { subsetsOf } from './start-moves.ts'
import { pieceSteps, type Work } from './work.ts'

/** The path dual at some prices: design 003, equation (6). */
export type DualValue = {
  readonly prices: Prices
  /** boundaries[t] lies before slot t; none before slot 0. */
  readonly boundaries: readonly (Boundary | null)[]
  readonly endings: readonly Ending[]
  /**
   * toGo[t][j]: the most that slots t .. N - 1 and what comes after bring a path that comes to the
   * boundary before slot t in node j; in slot 0 one that serves in node j (G of design 003).
   */
  readonly toGo: readonly Float64Array[]
  /** L(mu), a bound on J + T of every path within the layers, and where the best one starts. */
  readonly bound: number
  readonly first: number
}

/** `spare` are the rows of a value for the same layers that nobody needs any more. */
export function* dualValueOf(
  problem: DualProblem,
  { layers, next }: DualLayers,
  prices: Prices,
  spare: readonly Float64Array[] | null = null,
): Work<DualValue> {
  const { slotCount } = problem
  const endings = endingsOf(problem, prices)
  const boundaries: (Boundary | null)[] = Array(slotCount)
  const toGo: Float64Array[] = Array(slotCount)
  let steps = 0
  for (let t = slotCount - 1; t >= 0; t -= 1) {
    const layer = layers[t] as DualLayer
    const value = spare?.[t] ?? new Float64Array(layer.nodes.length)
    servingValues(problem, { layers, next }, { prices, endings, toGo }, { t, value })
    const boundary = t === 0 ? null : boundaryAt(problem, prices, t)
    boundaries[t] = boundary
    if (boundary !== null) crossBackwards(problem, layer, boundary, value)
    toGo[t] = value
    steps += layerSteps(layer)
    if (steps < pieceSteps) continue
    yield steps
    steps = 0
  }
  yield steps
  const start = bestStart(problem, layers[0] as DualLayer, toGo[0] as Float64Array)
  return { prices, boundaries, endings, toGo, ...start }
}

/** Fills in the value of serving in slot t in each node, with all that comes after. */
export function servingValues(
  problem: DualProblem,
  { layers, next }: DualLayers,
  { prices, endings, toGo }: Pick<DualValue, 'prices' | 'endings' | 'toGo'>,
  { t, value }: { readonly t: number; readonly value: Float64Array },
): void {
  const layer = layers[t] as DualLayer
  if (t + 1 === problem.slotCount) {
    value.fill(0)
    addEnd(problem, layer, endings, value)
  } else {
    const after = toGo[t + 1] as Float64Array
    const positions = next[t] as Int32Array
    for (let j = 0; j < value.length; j += 1) {
      const position = positions[j] as number
      value[j] = position < 0 ? Number.NEGATIVE_INFINITY : (after[position] as number)
    }
  }
  addRewards(problem, layer, { prices, t }, value)
}

/** The same for one node, added up in the same order. */
export function servingValueAt(
  problem: DualProblem,
  { layers, next }: DualLayers,
  { prices, endings, toGo }: Pick<DualValue, 'prices' | 'endings' | 'toGo'>,
  { t, j }: { readonly t: number; readonly j: number },
): number {
  const { tenants, space, states, slotCount } = problem
  const { cells, room } = layers[t] as DualLayer
  const value = new Float64Array(1)
  const one = { cells: cells.map((cell) => cell.subarray(j, j + 1)), room: room.subarray(j, j + 1) }
  if (t + 1 === slotCount) addEnd(problem, one, endings, value)
  else {
    const position = (next[t] as Int32Array)[j] as number
    const after = (toGo[t + 1] as Float64Array)[position]
    value[0] = position < 0 ? Number.NEGATIVE_INFINITY : (after as number)
  }
  value[0] =
    (value[0] as number) + (prices.slack[t * states.roomCount + (room[j] as number)] as number)
  for (const [i, own] of tenants.entries()) {
    const cell = (cells[i] as Int16Array)[j] as number
    const digit = Math.floor(cell / space.multisetCount)
    const answered = own.answers[t * space.multisetCount + (cell % space.multisetCount)] as number
    value[0] = (value[0] as number) + worthOf(own, digit, t) * answered
  }
  return value[0] as number
}

/** What an answer in time is worth in slot t, with a version. */
function worthOf({ accuracy, versions, floorPrice, tenant }: DualTenant, digit: number, t: number) {
  const own = digit === 0 ? accuracy : (versions[digit - 1]?.accuracy ?? accuracy)
  return tenant.tenant.valuePerAnswer * (own[t] as number) + floorPrice
}

/** What the versions at the window's end are worth after it (design 001, line 11). */
function addEnd(
  { tenants, space }: DualProblem,
  { cells, room }: Pick<DualLayer, 'cells' | 'room'>,
  endings: readonly Ending[],
  value: Float64Array,
): void {
  for (const [i, own] of tenants.entries()) {
    const { gain } = endings[i] as Ending
    const { terminalWeight } = own.tenant
    const deployed = terminalWeight * own.accuracyTerminal
    const after = own.versions.map((version) => terminalWeight * version.accuracyTerminal)
    const cell = cells[i] as Int16Array
    for (let j = 0; j < value.length; j += 1) {
      const digit = Math.floor((cell[j] as number) / space.multisetCount)
      const worth =
        digit > 0 ? (after[digit - 1] as number) : deployed + (gain[room[j] as number] as number)
      value[j] = (value[j] as number) + worth
    }
  }
}

/** Adds the reward of slot t, and what the room beside the instances earns, to every node. */
export function addRewards(
  { tenants, space, states }: DualProblem,
  { cells, room }: DualLayer,
  { prices, t }: { readonly prices: Prices; readonly t: number },
  value: Float64Array,
): void {
  const slack = prices.slack.subarray(t * states.roomCount, (t + 1) * states.roomCount)
  for (let j = 0; j < value.length; j += 1) {
    value[j] = (value[j] as number) + (slack[room[j] as number] as number)
  }
  for (const [i, own] of tenants.entries()) {
    const { versions, answers } = own
    const { multisetCount } = space
    const slot = answers.subarray(t * multisetCount, (t + 1) * multisetCount)
    const rewards = new Float64Array((versions.length + 1) * multisetCount)
    for (let digit = 0; digit <= versions.length; digit += 1) {
      const worth = worthOf(own, digit, t)
      for (let m = 0; m < multisetCount; m += 1) {
        rewards[digit * multisetCount + m] = worth * (slot[m] as number)
      }
    }
    const cell = cells[i] as Int16Array
    for (let j = 0; j < value.length; j += 1) {
      value[j] = (value[j] as number) + (rewards[cell[j] as number] as number)
    }
  }
}

/** The window begins with any part of what serves, or with anything where the start is free. */
function bestStart(
  problem: DualProblem,
  layer: DualLayer,
  row: Float64Array,
): { readonly bound: number; readonly first: number } {
  let bound = Number.NEGATIVE_INFINITY
  let first = -1
  for (const j of startingNodes(problem, layer)) {
    const value = row[j] as number
    if (value <= bound) continue
    bound = value
    first = j
  }
  return { bound, first }
}

/** Parts of what serves at once, and what tenants without warm-up add to them. */
export function startingNodes(problem: DualProblem, { nodes }: DualLayer): readonly number[] {
  const { start, versionCount } = problem
  const starting = start.isFree ? null : startingStates(problem)
  const found: number[] = []
  for (let j = 0; j < nodes.length; j += 1) {
    const node = nodes[j] as number
    if (node % versionCount !== 0) continue
    if (starting === null || starting.has(node / versionCount)) found.push(j)
  }
  return found
}

function startingStates({ states, start, tenants }: DualProblem): ReadonlySet<number> {
  const ready = start.workers.filter(({ readySlot }) => readySlot === 0)
  const found = new Set(subsetsOf(ready).map((kept) => states.stateOf(kept)))
  found.delete(-1)
  for (const x of found) {
    for (let e = states.firstEdge[x] as number; e < (states.firstEdge[x + 1] as number); e += 1) {
      const tenant = tenants[states.edgeTenant[e] as number]?.tenant
      if (tenant?.warmUpSlots === 0) found.add(states.edgeTo[e] as number)
    }
  }
  return found
}
