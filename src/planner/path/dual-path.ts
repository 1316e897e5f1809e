import { type Boundary, boundaryAt, type Completion, endingsOf } from './dual-boundary.ts'
import type { Prices } from './dual-prices.ts'
import { type DualProblem, type DualTenant, digitOf } from './dual-problem.ts'
import { addAtOnce, type DualTables, drop } from './dual-programme.ts'
import type { RetrainingOption } from './retraining-option.ts'

export type DualRetraining = { readonly option: RetrainingOption; readonly start: number }

/** The path that attains L(mu). */
export type DualPath = {
  /** Parallel to the dual's tenants. */
  readonly retraining: readonly (DualRetraining | null)[]
  /**
   * A subgradient of L at mu: the room that the path leaves unused (less than none where it holds
   * too much), `unused[kind * slotCount + t]`.
   */
  readonly unused: Float64Array
  /** Requests that each tenant of the dual has answered in time. */
  readonly answered: Float64Array
}

/** A path in the making. */
type Trace = {
  readonly problem: DualProblem
  readonly prices: Prices
  readonly retraining: (DualRetraining | null)[]
  readonly unused: Float64Array
  readonly answered: Float64Array
}

/** Follows the tables from their best start; call it before they are filled again. */
export function dualPathOf(
  problem: DualProblem,
  prices: Prices,
  tables: DualTables,
  first: number,
): DualPath {
  const { slotCount, tenants, space } = problem
  const trace: Trace = {
    problem,
    prices,
    retraining: tenants.map(() => null),
    unused: new Float64Array(space.kindCount * slotCount),
    answered: new Float64Array(tenants.length),
  }
  let node = first
  for (let t = 0; t < slotCount; t += 1) {
    if (t > 0 && (tables.moved[t] as Uint8Array)[node] === 1) {
      node = cross(trace, t, node, tables.toGo[t] as Float64Array)
    }
    serve(trace, t, node)
  }
  finish(trace, node)
  for (const choice of trace.retraining) {
    if (choice === null) continue
    const kind = space.classes.indexOf(choice.option.classIndex)
    occupy(trace, kind, choice.start, choice.start + choice.option.slots)
  }
  return trace
}

/** Something is held that does not serve. */
function occupy({ problem, unused }: Trace, kind: number, from: number, until: number): void {
  for (let t = from; t < Math.min(until, problem.slotCount); t += 1) {
    const index = kind * problem.slotCount + t
    unused[index] = (unused[index] as number) - 1
  }
}

/** In slot t a state serves, and the dearest filling of the room beside it counts as unused. */
function serve({ problem, prices, unused, answered }: Trace, t: number, node: number): void {
  const { space, states, slotCount, versionCount, tenants } = problem
  const x = Math.floor(node / versionCount)
  const m = states.total[x] as number
  for (const [i, { answers }] of tenants.entries()) {
    const own = states.held[i * states.stateCount + x] as number
    const more = answers[t * space.multisetCount + own] as number
    answered[i] = (answered[i] as number) + more
  }
  const c = prices.fill[t * space.multisetCount + m] as number
  for (let kind = 0; kind < space.kindCount; kind += 1) {
    const free =
      (space.counts[c * space.kindCount + kind] as number) -
      (space.counts[m * space.kindCount + kind] as number)
    const index = kind * slotCount + t
    unused[index] = (unused[index] as number) + free
  }
}

/** The node that the best path takes in slot t when it comes from another one. */
function cross(trace: Trace, t: number, node: number, row: Float64Array): number {
  const { problem, prices } = trace
  const { versionCount, states } = problem
  const boundary = boundaryAt(problem, prices, t)
  const atOnce = row.slice()
  addAtOnce(problem, atOnce)
  const dropped = atOnce.slice()
  drop(problem, dropped)
  const x = Math.floor(node / versionCount)
  const versions = versionsFrom(problem, boundary, node)
  let best = { value: Number.NEGATIVE_INFINITY, y: x, version: versions[0] as VersionStep }
  for (const { y, price } of statesFrom(problem, boundary, x)) {
    for (const version of versions) {
      const value = (dropped[y * versionCount + version.v] as number) - price - version.price
      if (value > best.value) best = { value, y, version }
    }
  }
  for (const { option, tenant } of best.version.done) {
    const own = option[states.total[x] as number] as RetrainingOption
    trace.retraining[tenant] = { option: own, start: t - own.slots }
  }
  holdAdded(trace, boundary, t, x, best.y)
  const y = droppedTo(problem, atOnce, dropped, best.y * versionCount + best.version.v)
  return addedTo(problem, row, atOnce, y)
}

type VersionStep = {
  readonly v: number
  readonly price: number
  readonly done: readonly Completion[]
}

/** Combinations of versions that retrainings done at the boundary lead to. */
function versionsFrom(
  { states, versionCount, tenants }: DualProblem,
  { completions }: Boundary,
  node: number,
): readonly VersionStep[] {
  const m = states.total[Math.floor(node / versionCount)] as number
  let steps: VersionStep[] = [{ v: node % versionCount, price: 0, done: [] }]
  for (const completion of completions) {
    const price = completion.price[m] as number
    const tenant = tenants[completion.tenant] as DualTenant
    if (price === Number.POSITIVE_INFINITY) continue
    const more = steps
      .filter(({ v }) => digitOf(tenant, v) === 0)
      .map((step) => ({
        v: step.v + completion.version * tenant.stride,
        price: step.price + price,
        done: [...step.done, completion],
      }))
    steps = [...steps, ...more]
  }
  return steps
}

/** States that additions at the boundary lead to, with their price. */
function statesFrom(
  problem: DualProblem,
  boundary: Boundary,
  x: number,
): readonly { readonly y: number; readonly price: number }[] {
  const { states } = problem
  const found = [{ y: x, price: 0 }]
  const seen = new Set([x])
  for (let next = 0; next < found.length; next += 1) {
    const from = (found[next] as { y: number }).y
    const last = states.firstEdge[from + 1] as number
    for (let e = states.firstEdge[from] as number; e < last; e += 1) {
      const y = states.edgeTo[e] as number
      if (seen.has(y)) continue
      const price = additionsOf(problem, boundary, x, y).reduce((sum, own) => sum + own.price, 0)
      if (price === Number.POSITIVE_INFINITY) continue
      seen.add(y)
      found.push({ y, price })
    }
  }
  return found
}

type Addition = {
  readonly tenant: number
  readonly kind: number
  readonly price: number
  readonly isArrival: boolean
}

/** The cheapest way to come from state x to y, which has more instances. */
function additionsOf(
  { states, space, tenants }: DualProblem,
  { additions, arrivals }: Boundary,
  x: number,
  y: number,
): readonly Addition[] {
  const found: Addition[] = []
  for (let tenant = 0; tenant < tenants.length; tenant += 1) {
    const offset = tenant * states.stateCount
    const before = (states.held[offset + x] as number) * space.kindCount
    const after = (states.held[offset + y] as number) * space.kindCount
    for (let kind = 0; kind < space.kindCount; kind += 1) {
      const count = (space.counts[after + kind] as number) - (space.counts[before + kind] as number)
      if (count <= 0) continue
      const price = additions[tenant * space.kindCount + kind] as number
      const ways: Addition[] = arrivals
        .filter((own) => own.tenant === tenant && own.kind === kind)
        .map((own) => ({ tenant, kind, price: own.price, isArrival: true }))
      for (let n = 0; n < count; n += 1) ways.push({ tenant, kind, price, isArrival: false })
      ways.sort((a, b) => a.price - b.price)
      found.push(...ways.slice(0, count))
    }
  }
  return found
}

/** What is added at the boundary before slot t was held while it warmed up. */
function holdAdded(trace: Trace, boundary: Boundary, t: number, x: number, y: number): void {
  for (const { tenant, kind, isArrival } of additionsOf(trace.problem, boundary, x, y)) {
    const warmUp = trace.problem.tenants[tenant]?.tenant.warmUpSlots ?? 0
    occupy(trace, kind, isArrival ? 0 : t - warmUp, t)
  }
}

/** Follows drops: from a node with its value after dropping to the node that had it before. */
function droppedTo(
  { states, versionCount }: DualProblem,
  before: Float64Array,
  after: Float64Array,
  node: number,
): number {
  let at = node
  while (after[at] !== before[at]) {
    const x = Math.floor(at / versionCount)
    const v = at % versionCount
    const last = states.firstEntering[x + 1] as number
    let next = -1
    for (let i = states.firstEntering[x] as number; i < last && next < 0; i += 1) {
      const from = states.edgeFrom[states.entering[i] as number] as number
      if (after[from * versionCount + v] === after[at]) next = from * versionCount + v
    }
    if (next < 0) return at
    at = next
  }
  return at
}

/** Follows additions without warm-up in the same way. */
function addedTo(
  { states, versionCount, tenants }: DualProblem,
  before: Float64Array,
  after: Float64Array,
  node: number,
): number {
  let at = node
  while (after[at] !== before[at]) {
    const x = Math.floor(at / versionCount)
    const v = at % versionCount
    const last = states.firstEdge[x + 1] as number
    let next = -1
    for (let e = states.firstEdge[x] as number; e < last && next < 0; e += 1) {
      const tenant = tenants[states.edgeTenant[e] as number]?.tenant
      const to = (states.edgeTo[e] as number) * versionCount + v
      if (tenant?.warmUpSlots === 0 && after[to] === after[at]) next = to
    }
    if (next < 0) return at
    at = next
  }
  return at
}

/** Retrainings that are done at the end or cross it. */
function finish({ problem, prices, retraining }: Trace, node: number): void {
  const { states, versionCount, tenants } = problem
  const m = states.total[Math.floor(node / versionCount)] as number
  const endings = endingsOf(problem, prices)
  for (const [i, tenant] of tenants.entries()) {
    if (digitOf(tenant, node % versionCount) === 0) retraining[i] = endings[i]?.choice[m] ?? null
  }
}
