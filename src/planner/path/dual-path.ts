import type { Boundary, Completion } from './dual-boundary.ts'
import { crossBackwards, emptyVia } from './dual-crossing.ts'
import { type DualLayer, type DualLayers, layerSteps } from './dual-layer.ts'
import type { DualProblem } from './dual-problem.ts'
import { type DualValue, servingValueAt, servingValues } from './dual-programme.ts'
import type { RetrainingOption } from './retraining-option.ts'
import type { Work } from './work.ts'

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
  readonly dual: DualLayers
  readonly value: DualValue
  readonly retraining: (DualRetraining | null)[]
  readonly unused: Float64Array
  readonly answered: Float64Array
}

/** Follows the value from its best start. */
export function* dualPathOf(
  problem: DualProblem,
  dual: DualLayers,
  value: DualValue,
): Work<DualPath> {
  const { slotCount, tenants, space } = problem
  const trace: Trace = {
    problem,
    dual,
    value,
    retraining: tenants.map(() => null),
    unused: new Float64Array(space.kindCount * slotCount),
    answered: new Float64Array(tenants.length),
  }
  let j = value.first
  for (let t = 0; t < slotCount; t += 1) {
    if (t > 0) j = yield* cross(trace, t, dual.next[t - 1]?.[j] as number)
    serve(trace, t, j)
  }
  finish(trace, j)
  for (const choice of trace.retraining) {
    if (choice === null) continue
    const kind = space.classes.indexOf(choice.option.classIndex)
    const done = choice.start + choice.option.slots
    const { first, last } = problem.lent.get(choice.option) ?? { first: 0, last: 0 }
    occupy(trace, kind, choice.start + first, done < slotCount ? done - last : done)
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

/** In slot t a node serves, and the dearest filling of the room beside it counts as unused. */
function serve({ problem, dual, value, unused, answered }: Trace, t: number, j: number): void {
  const { space, states, slotCount, tenants } = problem
  const { cells, room } = dual.layers[t] as DualLayer
  for (const [i, { answers }] of tenants.entries()) {
    const held = ((cells[i] as Int16Array)[j] as number) % space.multisetCount
    const more = answers[t * space.multisetCount + held] as number
    answered[i] = (answered[i] as number) + more
  }
  const fill = value.prices.fill[t * states.roomCount + (room[j] as number)] as number
  for (let kind = 0; kind < space.kindCount; kind += 1) {
    const free = space.counts[fill * space.kindCount + kind] as number
    const index = kind * slotCount + t
    unused[index] = (unused[index] as number) + free
  }
}

/** The node that the best path takes in slot t when it comes to the boundary in node j. */
function* cross(trace: Trace, t: number, j: number): Work<number> {
  const { problem, dual, value } = trace
  const layer = dual.layers[t] as DualLayer
  const stays = servingValueAt(problem, dual, value, { t, j })
  if (stays === (value.toGo[t] as Float64Array)[j]) return j
  const boundary = value.boundaries[t] as Boundary
  const serving = new Float64Array(layer.nodes.length)
  servingValues(problem, dual, value, { t, value: serving })
  const via = emptyVia(layer)
  crossBackwards(problem, layer, boundary, serving, via)
  yield layerSteps(layer)
  let at = j
  for (let to = via.complete[at] as number; to >= 0; to = via.complete[at] as number) {
    const done = boundary.completions[via.completion[at] as number] as Completion
    const { tenant, kind, option } = done
    const own = option[kind[layer.room[at] as number] as number] as RetrainingOption
    trace.retraining[tenant] = { option: own, start: t - own.slots }
    at = to
  }
  at = followAdditions(trace, t, at, via.add, (warmUp) => t - warmUp)
  at = followAdditions(trace, t, at, via.arrive, () => 0)
  for (let to = via.drop[at] as number; to >= 0; to = via.drop[at] as number) at = to
  if ((via.swap[at] as number) >= 0) at = via.swap[at] as number
  return followAdditions(trace, t, at, via.atOnce, () => t)
}

/** What is added at the boundary before slot t was held from some slot on while it warmed up. */
function followAdditions(
  trace: Trace,
  t: number,
  from: number,
  via: Int32Array,
  heldFrom: (warmUpSlots: number) => number,
): number {
  const { problem, dual } = trace
  const { addFrom, addTo, addWhat } = dual.layers[t] as DualLayer
  let at = from
  for (let e = via[at] as number; e >= 0; e = via[at] as number) {
    const what = addWhat[e] as number
    const tenant = problem.tenants[Math.floor(what / problem.space.kindCount)]?.tenant
    occupy(trace, what % problem.space.kindCount, heldFrom(tenant?.warmUpSlots ?? 0), t)
    at += (addTo[e] as number) - (addFrom[e] as number)
  }
  return at
}

/** Retrainings that are done at the end or cross it. */
function finish({ problem, dual, value, retraining }: Trace, j: number): void {
  const { space, slotCount } = problem
  const { cells, room } = dual.layers[slotCount - 1] as DualLayer
  for (const [i, { choice }] of value.endings.entries()) {
    const isDeployed = ((cells[i] as Int16Array)[j] as number) < space.multisetCount
    if (isDeployed) retraining[i] = choice[room[j] as number] ?? null
  }
}
