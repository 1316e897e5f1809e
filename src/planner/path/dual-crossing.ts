import type { Boundary } from './dual-boundary.ts'
import type { DualLayer } from './dual-layer.ts'
import type { DualProblem } from './dual-problem.ts'

/**
 * What happens at the boundary between two slots, read backwards: from the value of serving in the
 * later slot to the value of having served in the earlier one. In time, retrainings end first, then
 * instances that warmed up come in beside the old ones, then old ones go, then any of what is left
 * change hands, and last come those that need no warm-up. Each stage changes `value` in place; with
 * a `Via` it notes where values come from.
 */
export type Via = {
  /** Per node the position of the node, or of the addition, that its value came from; else -1. */
  readonly atOnce: Int32Array
  readonly swap: Int32Array
  readonly drop: Int32Array
  readonly arrive: Int32Array
  readonly add: Int32Array
  /** The completion by its position among the boundary's, and the node. */
  readonly completion: Int32Array
  readonly complete: Int32Array
}

export function emptyVia({ nodes }: DualLayer): Via {
  const none = () => new Int32Array(nodes.length).fill(-1)
  return {
    atOnce: none(),
    swap: none(),
    drop: none(),
    arrive: none(),
    add: none(),
    completion: none(),
    complete: none(),
  }
}

export function crossBackwards(
  problem: DualProblem,
  layer: DualLayer,
  boundary: Boundary,
  value: Float64Array,
  via: Via | null = null,
): void {
  const { free } = boundary
  if (free !== null) addBackwards(layer, free, value, via?.atOnce ?? null)
  if (boundary.hasTakeovers) exchange(layer, value, via?.swap ?? null)
  dropBackwards(layer, value, via?.drop ?? null)
  for (const { tenant, kind, price } of boundary.arrivals) {
    const what = tenant * problem.space.kindCount + kind
    arriveBackwards(layer, what, price, { value, via: via?.arrive ?? null })
  }
  addBackwards(layer, boundary.additions, value, via?.add ?? null)
  completeBackwards(layer, boundary, value, via)
}

/** Each node is worth as much as the best of its group; the same forwards. */
function exchange({ groups }: DualLayer, value: Float64Array, via: Int32Array | null): void {
  if (groups === null) return
  const best = new Int32Array(groups.count).fill(-1)
  for (let j = 0; j < value.length; j += 1) {
    const group = groups.of[j] as number
    const known = best[group] as number
    if (known < 0 || (value[j] as number) > (value[known] as number)) best[group] = j
  }
  for (let j = 0; j < value.length; j += 1) {
    const other = best[groups.of[j] as number] as number
    if ((value[other] as number) <= (value[j] as number)) continue
    value[j] = value[other] as number
    if (via !== null) via[j] = other
  }
}

/** value(x) >= value(y) for every y within x. */
function dropBackwards(
  { addFrom, addTo, width }: DualLayer,
  value: Float64Array,
  via: Int32Array | null,
): void {
  for (let e = 0; e < addFrom.length; e += 1) {
    const to = addTo[e] as number
    for (
      let i = 0, less = addFrom[e] as number, more = to;
      i < width;
      i += 1, less += 1, more += 1
    ) {
      const worth = value[less] as number
      if (worth <= (value[more] as number)) continue
      value[more] = worth
      if (via !== null) via[more] = less
    }
  }
}

/** value(x) >= value(x and one more) - its price, over and over. */
function addBackwards(
  layer: DualLayer,
  prices: Float64Array,
  value: Float64Array,
  via: Int32Array | null,
): void {
  const { addFrom, addWhat } = layer
  for (let e = addFrom.length - 1; e >= 0; e -= 1) {
    const price = prices[addWhat[e] as number] as number
    if (price < Number.POSITIVE_INFINITY) addOne(layer, e, price, { value, via })
  }
}

/** The same for one worker, which comes once: sources before targets, so that nothing chains. */
function arriveBackwards(
  layer: DualLayer,
  what: number,
  price: number,
  into: { readonly value: Float64Array; readonly via: Int32Array | null },
): void {
  const { addFrom, addWhat } = layer
  for (let e = 0; e < addFrom.length; e += 1) {
    if (addWhat[e] === what) addOne(layer, e, price, into)
  }
}

function addOne(
  { addFrom, addTo, width }: DualLayer,
  e: number,
  price: number,
  { value, via }: { readonly value: Float64Array; readonly via: Int32Array | null },
): void {
  const from = addFrom[e] as number
  for (let i = 0, less = from, more = addTo[e] as number; i < width; i += 1, less += 1, more += 1) {
    const worth = (value[more] as number) - price
    if (worth <= (value[less] as number)) continue
    value[less] = worth
    if (via !== null) via[less] = e
  }
}

/** value(x, deployed) >= value(x, new version) - the price of the retraining that makes it. */
function completeBackwards(
  layer: DualLayer,
  { completions }: Boundary,
  value: Float64Array,
  via: Via | null,
): void {
  for (const [index, { price }] of completions.entries()) {
    if (price === null) continue
    const { from, to } = layer.completions[index] as DualLayer['completions'][number]
    for (let c = 0; c < from.length; c += 1) {
      const old = from[c] as number
      const cost = price[layer.room[old] as number] as number
      const worth = (value[to[c] as number] as number) - cost
      if (worth <= (value[old] as number)) continue
      value[old] = worth
      if (via === null) continue
      via.completion[old] = index
      via.complete[old] = to[c] as number
    }
  }
}

/** The same forwards, for the value of having come to a node. */
export function crossForwards(
  problem: DualProblem,
  layer: DualLayer,
  boundary: Boundary,
  value: Float64Array,
): void {
  completeForwards(layer, boundary, value)
  addForwards(layer, boundary.additions, value)
  for (const { tenant, kind, price } of boundary.arrivals) {
    arriveForwards(layer, tenant * problem.space.kindCount + kind, price, value)
  }
  dropForwards(layer, value)
  if (boundary.hasTakeovers) exchange(layer, value, null)
  if (boundary.free !== null) addForwards(layer, boundary.free, value)
}

function completeForwards(layer: DualLayer, { completions }: Boundary, value: Float64Array): void {
  for (const [index, { price }] of completions.entries()) {
    if (price === null) continue
    const { from, to } = layer.completions[index] as DualLayer['completions'][number]
    for (let c = 0; c < from.length; c += 1) {
      const old = from[c] as number
      const worth = (value[old] as number) - (price[layer.room[old] as number] as number)
      if (worth > (value[to[c] as number] as number)) value[to[c] as number] = worth
    }
  }
}

function addForwards(layer: DualLayer, prices: Float64Array, value: Float64Array): void {
  const { addFrom, addWhat } = layer
  for (let e = 0; e < addFrom.length; e += 1) {
    const price = prices[addWhat[e] as number] as number
    if (price < Number.POSITIVE_INFINITY) addOneForwards(layer, e, price, value)
  }
}

function arriveForwards(layer: DualLayer, what: number, price: number, value: Float64Array): void {
  const { addFrom, addWhat } = layer
  for (let e = addFrom.length - 1; e >= 0; e -= 1) {
    if (addWhat[e] === what) addOneForwards(layer, e, price, value)
  }
}

function addOneForwards(
  { addFrom, addTo, width }: DualLayer,
  e: number,
  price: number,
  value: Float64Array,
): void {
  const from = addFrom[e] as number
  for (let i = 0, less = from, more = addTo[e] as number; i < width; i += 1, less += 1, more += 1) {
    const worth = (value[less] as number) - price
    if (worth > (value[more] as number)) value[more] = worth
  }
}

function dropForwards({ addFrom, addTo, width }: DualLayer, value: Float64Array): void {
  for (let e = addFrom.length - 1; e >= 0; e -= 1) {
    const to = addTo[e] as number
    for (
      let i = 0, less = addFrom[e] as number, more = to;
      i < width;
      i += 1, less += 1, more += 1
    ) {
      if ((value[more] as number) > (value[less] as number)) value[less] = value[more] as number
    }
  }
}
