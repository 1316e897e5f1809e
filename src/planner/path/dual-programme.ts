import {
  type Boundary,
  boundaryAt,
  type Completion,
  type Ending,
  endingsOf,
} from './dual-boundary.ts'
import type { Prices } from './dual-prices.ts'
import { type DualProblem, digitOf } from './dual-problem.ts'

/**
 * The path dual's table: `toGo[t][x * versionCount + v]` is the most that slots t .. N - 1 and what
 * comes after bring when state x serves in slot t with the versions v (G of design 003).
 */
export type DualTables = {
  readonly toGo: readonly Float64Array[]
  /** moved[t][node] = 1 where the best path from a node in slot t - 1 is another node in slot t. */
  readonly moved: readonly Uint8Array[]
}

export function emptyDualTables({ slotCount, states, versionCount }: DualProblem): DualTables {
  const size = states.stateCount * versionCount
  return {
    toGo: Array.from({ length: slotCount }, () => new Float64Array(size)),
    moved: Array.from({ length: slotCount }, () => new Uint8Array(size)),
  }
}

/**
 * Equation (6): fills all rows for some prices. Returns L(mu), a bound on J + T, and the node in
 * which the best path begins.
 */
export function fillDualTables(
  problem: DualProblem,
  prices: Prices,
  { toGo, moved }: DualTables,
): { readonly bound: number; readonly first: number } {
  const { slotCount, states, versionCount } = problem
  const value = new Float64Array(states.stateCount * versionCount)
  addEnd(problem, endingsOf(problem, prices), value)
  for (let t = slotCount - 1; t >= 0; t -= 1) {
    addRewards(problem, prices, t, value)
    const row = toGo[t] as Float64Array
    row.set(value)
    if (t === 0) break
    crossBoundary(problem, boundaryAt(problem, prices, t), value)
    const changed = moved[t] as Uint8Array
    for (let node = 0; node < value.length; node += 1) {
      changed[node] = value[node] === row[node] ? 0 : 1
    }
  }
  return bestStart(problem, toGo[0] as Float64Array)
}

/** What the versions at the window's end are worth after it (design 001, line 11). */
function addEnd(
  { states, versionCount, tenants }: DualProblem,
  endings: readonly Ending[],
  value: Float64Array,
): void {
  for (const [i, tenant] of tenants.entries()) {
    const { gain } = endings[i] as Ending
    const { terminalWeight } = tenant.tenant
    const deployed = terminalWeight * tenant.accuracyTerminal
    const after = tenant.versions.map((version) => terminalWeight * version.accuracyTerminal)
    for (let v = 0; v < versionCount; v += 1) {
      const digit = digitOf(tenant, v)
      for (let x = 0; x < states.stateCount; x += 1) {
        const index = x * versionCount + v
        const worth =
          digit > 0
            ? (after[digit - 1] as number)
            : deployed + (gain[states.total[x] as number] as number)
        value[index] = (value[index] as number) + worth
      }
    }
  }
}

/** The reward of slot t in every node, with what the room beside its instances earns. */
function addRewards(problem: DualProblem, prices: Prices, t: number, value: Float64Array): void {
  const { states, space, tenants, versionCount } = problem
  const { stateCount, held, total } = states
  const { multisetCount } = space
  const slot = t * multisetCount
  const base = new Float64Array(stateCount)
  for (let x = 0; x < stateCount; x += 1) {
    base[x] = prices.slack[slot + (total[x] as number)] as number
  }
  for (const [i, { tenant, accuracy, answers, floorPrice }] of tenants.entries()) {
    const worth = tenant.tenant.valuePerAnswer * (accuracy[t] as number) + floorPrice
    const offset = i * stateCount
    for (let x = 0; x < stateCount; x += 1) {
      const answered = answers[slot + (held[offset + x] as number)] as number
      base[x] = (base[x] as number) + worth * answered
    }
  }
  for (let x = 0; x < stateCount; x += 1) {
    const reward = base[x] as number
    const last = (x + 1) * versionCount
    for (let index = x * versionCount; index < last; index += 1) {
      value[index] = (value[index] as number) + reward
    }
  }
  for (let i = 0; i < tenants.length; i += 1) addGains(problem, t, i, value)
}

/** What a tenant's new versions answer better than the deployed one. */
function addGains(
  { states, space, tenants, versionCount }: DualProblem,
  t: number,
  i: number,
  value: Float64Array,
): void {
  const own = tenants[i] as DualProblem['tenants'][number]
  const { tenant, versions, stride, answers } = own
  const offset = i * states.stateCount
  const slot = t * space.multisetCount
  const block = stride * (versions.length + 1)
  for (const [v, { accuracy }] of versions.entries()) {
    const gain = (accuracy[t] as number) - (own.accuracy[t] as number)
    const worth = tenant.tenant.valuePerAnswer * gain
    const first = (v + 1) * stride
    for (let x = 0; x < states.stateCount; x += 1) {
      const more = worth * (answers[slot + (states.held[offset + x] as number)] as number)
      const end = (x + 1) * versionCount
      for (let start = x * versionCount + first; start < end; start += block) {
        for (let index = start; index < start + stride; index += 1) {
          value[index] = (value[index] as number) + more
        }
      }
    }
  }
}

/**
 * Equation (8), read backwards: from the value of serving in slot t to the value of having served
 * in slot t - 1. In time, retrainings end first, then instances that warmed up come in beside the
 * old ones, then old ones go, and last come those that need no warm-up.
 */
export function crossBoundary(problem: DualProblem, boundary: Boundary, value: Float64Array): void {
  addAtOnce(problem, value)
  drop(problem, value)
  for (const arrival of boundary.arrivals) arrive(problem, arrival, value)
  add(problem, boundary.additions, value)
  for (const completion of boundary.completions) complete(problem, completion, value)
}

/** Instances of tenants without warm-up serve in the slot they are added. */
export function addAtOnce(problem: DualProblem, value: Float64Array): void {
  const { tenants, space } = problem
  if (tenants.every(({ tenant }) => tenant.warmUpSlots > 0)) return
  const prices = new Float64Array(tenants.length * space.kindCount)
  for (const [i, { tenant }] of tenants.entries()) {
    const price = tenant.warmUpSlots === 0 ? 0 : Number.POSITIVE_INFINITY
    prices.fill(price, i * space.kindCount, (i + 1) * space.kindCount)
  }
  add(problem, prices, value)
}

/** value(x) >= value(y) for every y within x. */
export function drop({ states, versionCount }: DualProblem, value: Float64Array): void {
  const { edgeCount, edgeFrom, edgeTo } = states
  for (let e = 0; e < edgeCount; e += 1) {
    let from = (edgeFrom[e] as number) * versionCount
    const first = (edgeTo[e] as number) * versionCount
    for (let to = first; to < first + versionCount; to += 1, from += 1) {
      if ((value[from] as number) > (value[to] as number)) value[to] = value[from] as number
    }
  }
}

/** value(x) >= value(x and one more) - its price, over and over. */
export function add(
  { states, space, versionCount }: DualProblem,
  prices: Float64Array,
  value: Float64Array,
): void {
  const { edgeCount, edgeFrom, edgeTo, edgeTenant, edgeKind } = states
  for (let e = edgeCount - 1; e >= 0; e -= 1) {
    const index = (edgeTenant[e] as number) * space.kindCount + (edgeKind[e] as number)
    const price = prices[index] as number
    if (price === Number.POSITIVE_INFINITY) continue
    let to = (edgeTo[e] as number) * versionCount
    const first = (edgeFrom[e] as number) * versionCount
    for (let from = first; from < first + versionCount; from += 1, to += 1) {
      const more = (value[to] as number) - price
      if (more > (value[from] as number)) value[from] = more
    }
  }
}

/** The same for one worker, which comes once: sources before targets, so that nothing chains. */
export function arrive(
  { states, versionCount }: DualProblem,
  { tenant, kind, price }: Boundary['arrivals'][number],
  value: Float64Array,
): void {
  const { edgeCount, edgeFrom, edgeTo, edgeTenant, edgeKind } = states
  for (let e = 0; e < edgeCount; e += 1) {
    if (edgeTenant[e] !== tenant || edgeKind[e] !== kind) continue
    let to = (edgeTo[e] as number) * versionCount
    const first = (edgeFrom[e] as number) * versionCount
    for (let from = first; from < first + versionCount; from += 1, to += 1) {
      const more = (value[to] as number) - price
      if (more > (value[from] as number)) value[from] = more
    }
  }
}

/** value(x, deployed) >= value(x, new version) - the price of the retraining that makes it. */
export function complete(
  { states, tenants, versionCount }: DualProblem,
  { tenant, version, price }: Completion,
  value: Float64Array,
): void {
  const { stride, versions } = tenants[tenant] as DualProblem['tenants'][number]
  const block = stride * (versions.length + 1)
  const shift = version * stride
  for (let x = 0; x < states.stateCount; x += 1) {
    const cost = price[states.total[x] as number] as number
    if (cost === Number.POSITIVE_INFINITY) continue
    const end = (x + 1) * versionCount
    for (let start = x * versionCount; start < end; start += block) {
      for (let index = start; index < start + stride; index += 1) {
        const more = (value[index + shift] as number) - cost
        if (more > (value[index] as number)) value[index] = more
      }
    }
  }
}

/** The window begins with any part of what serves, or with anything where the start is free. */
function bestStart(
  problem: DualProblem,
  row: Float64Array,
): { readonly bound: number; readonly first: number } {
  const { states, versionCount } = problem
  let bound = Number.NEGATIVE_INFINITY
  let first = 0
  for (let x = 0; x < states.stateCount; x += 1) {
    if (!mayBegin(problem, x) || (row[x * versionCount] as number) <= bound) continue
    bound = row[x * versionCount] as number
    first = x * versionCount
  }
  return { bound, first }
}

function mayBegin({ states, space, start, tenants }: DualProblem, x: number): boolean {
  if (start.isFree) return true
  return tenants.every(({ tenant }, i) => {
    if (tenant.warmUpSlots === 0) return true
    const m = states.held[i * states.stateCount + x] as number
    for (let kind = 0; kind < space.kindCount; kind += 1) {
      const ready = start.workers.filter(
        (own) => own.tenant === i && own.readySlot === 0 && space.places[own.place]?.kind === kind,
      )
      if ((space.counts[m * space.kindCount + kind] as number) > ready.length) return false
    }
    return true
  })
}
