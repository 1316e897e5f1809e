import { expand } from './placed-moves.ts'
import type {
  Hold,
  PlacedContext,
  PlacedMove,
  PlacedNode,
  PlacedPath,
  PlacedSearch,
} from './placed-node.ts'
import { pushStarts } from './placed-start.ts'
import { flexibilityOf, type Item, keyOf, ownerOf, placeOf } from './placing.ts'
import { pieceSteps, type Work } from './work.ts'

/**
 * The best way to carry out the batch programme's moves with instances that have places and do not
 * move: a beam search over placings, slot by slot, guided by the programme's own value to go. Where
 * counts that fit can also be placed, the first placing that is kept is already the best there is.
 * Null when none was found, or not within a few times `nodesMax` nodes.
 */
export function* searchPlaced(search: PlacedSearch): Work<PlacedPath | null> {
  const { slotCount } = search.inputs
  const layers = Array.from(
    { length: slotCount + 1 },
    (): Layer => ({
      nodes: new Map(),
      least: search.valueMin,
    }),
  )
  const work = { nodes: 0 }
  const push = (slot: number, move: PlacedMove): void => {
    work.nodes += 1
    const layer = layers[slot] as Layer
    if (move.estimate >= layer.least) addTo(layer, search, move)
  }
  const leastAt = (slot: number) => (layers[slot] as Layer).least
  const context: PlacedContext = { ...search, ...scheduleOf(search), push, leastAt, work }
  pushStarts(context)
  let counted = 0
  for (let t = 0; t < slotCount; t += 1) {
    if ((work.nodes - counted) * stepsPerNode >= pieceSteps) {
      yield Math.ceil(work.nodes - counted) * stepsPerNode
      counted = work.nodes
    }
    if (work.nodes > hopeless * search.nodesMax) return null
    const layer = layers[t] as Layer
    const best = bestOf(search, layer)
    const isSpent = work.nodes > search.nodesMax
    for (const node of isSpent ? best.slice(0, 1) : best) expand(context, t, node)
    layer.nodes.clear()
  }
  const ends = [...(layers[slotCount] as Layer).nodes.values()]
  const best = ends.sort((a, b) => b.value - a.value)[0]
  yield Math.ceil(work.nodes - counted) * stepsPerNode
  return best === undefined ? null : { value: best.value, holds: holdsOf(best, slotCount) }
}

/** A node costs about as much as this many relaxations. */
const stepsPerNode = 1000
/** Times `nodesMax`. */
const hopeless = 3

/** What was found for one slot; moves worth less than `least` are not taken in any more. */
type Layer = { readonly nodes: Map<string, PlacedNode>; least: number }

/** Of two ways to the same placing the better one stays. */
function addTo(layer: Layer, search: PlacedSearch, move: PlacedMove): void {
  const { nodes } = layer
  const key = move.key ?? keyOf(search.symmetries, move.placing)
  const known = nodes.get(key)
  const isFresh = move.isFresh || known?.isFresh === true
  if (known === undefined || known.value < move.value) nodes.set(key, { ...move, key, isFresh })
  else if (isFresh !== known.isFresh) nodes.set(key, { ...known, isFresh })
  if (nodes.size < 4 * search.width) return
  const kept = bestOf(search, layer)
  nodes.clear()
  for (const node of kept) nodes.set(node.key, node)
  layer.least = Math.max(layer.least, kept.at(-1)?.estimate ?? layer.least)
}

/**
 * Scripted holds by the slot in which they begin and end; those there at the start begin nowhere.
 */
function scheduleOf({ scripted, inputs }: PlacedSearch) {
  const slots = () => Array.from({ length: inputs.slotCount + 1 }, (): number[] => [])
  const starting = slots()
  const ending = slots()
  for (const [index, { from, until, place }] of scripted.entries()) {
    if (from > 0 || place === null) starting[from]?.push(index)
    ending[until]?.push(index)
  }
  return { starting, ending }
}

/** The best of a layer; among equals those that leave more room. */
function bestOf({ inputs, width }: PlacedSearch, layer: Layer): readonly PlacedNode[] {
  const nodes = [...layer.nodes.values()]
  if (nodes.length <= 1) return nodes
  const room = new Map(nodes.map((node) => [node, flexibilityOf(inputs.space, node.placing)]))
  const flexibility = (node: PlacedNode) => room.get(node) ?? 0
  nodes.sort((a, b) => b.estimate - a.estimate || flexibility(b) - flexibility(a))
  return nodes.slice(0, width)
}

/** Plays the changes from the start and notes how long each item stayed. */
function holdsOf(end: PlacedNode, slotCount: number): readonly Hold[] {
  const steps: PlacedNode[] = []
  for (let node: PlacedNode | null = end; node !== null; node = node.parent) steps.push(node)
  const changes = steps.reverse().flatMap((node) => node.changes)
  const since = new Map<Item, number>()
  const holds: Hold[] = []
  const close = (item: Item, until: number): void => {
    const from = since.get(item) ?? 0
    since.delete(item)
    holds.push({ owner: ownerOf(item), place: placeOf(item), from, until })
  }
  for (const { slot, item, isAdded } of changes) {
    if (isAdded) since.set(item, slot)
    else close(item, slot)
  }
  for (const item of [...since.keys()]) close(item, slotCount)
  return holds.filter(({ from, until }) => from < until)
}
