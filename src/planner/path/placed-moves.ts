import type { BatchInputs } from './batch-programme.ts'
import { areSwapsDue, batches } from './placed-batches.ts'
import type { PlacedContext, PlacedMove, PlacedNode, PlacedSearch } from './placed-node.ts'
import { stay, withScripted } from './placed-travel.ts'
import { ownerOf, type Placing, scriptedOwner, servingIn, withoutItem } from './placing.ts'

/** Everything that may be done at the start of slot t from a node. */
export function expand(context: PlacedContext, t: number, node: PlacedNode): void {
  const isStarting = (context.starting[t] as readonly number[]).length > 0
  for (const move of dropVariants(context, t, { ...node, parent: node, changes: [] })) {
    const isDropped = move.changes.length > 0
    const isDue = areSwapsDue(context, t, move)
    if (!isDropped && !node.isFresh && !isStarting && !context.isEager && !isDue) {
      stay(context, t, move)
      continue
    }
    for (const ready of withScripted(context, t, move)) {
      if (!isDropped || isStarting) stay(context, t, ready)
      batches(context, t, ready)
    }
  }
}

/** The move itself, and less some of its serving instances as far as that can still be best. */
export function dropVariants(
  { inputs, tables, valueMin }: PlacedSearch,
  t: number,
  move: PlacedMove,
): readonly PlacedMove[] {
  const toGo = tables.toGo[t] as Float64Array
  const variants = [move]
  const drop = (from: PlacedMove, index: number): void => {
    for (let i = index; i < move.placing.items.length; i += 1) {
      const item = move.placing.items[i] as number
      const x = stateWithout(inputs, from.placing, item)
      if (x < 0 || !(from.value + (toGo[x] as number) >= valueMin)) continue
      const placing = withoutItem(inputs.space, from.placing, item)
      const changes = [...from.changes, { slot: t, item, isAdded: false }]
      const smaller = { ...from, x, placing, changes, key: null }
      variants.push(smaller)
      drop(smaller, i + 1)
    }
  }
  drop(move, 0)
  if (variants.length <= variantsMax) return variants
  const estimate = (other: PlacedMove) => other.value + (toGo[other.x] as number)
  return variants.sort((a, b) => estimate(b) - estimate(a)).slice(0, variantsMax)
}

/** Ways to drop something that are followed up from one node. */
const variantsMax = 24

/** The state without one of the serving instances; -1 for what is scripted. */
function stateWithout({ states }: BatchInputs, { items }: Placing, item: number): number {
  if (ownerOf(item) >= scriptedOwner) return -1
  return states.stateOf(servingIn(items.filter((other) => other !== item)))
}
