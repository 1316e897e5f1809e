import { crossForwards } from './dual-crossing.ts'
import { type DualLayer, type DualLayers, layerSteps, layersOf } from './dual-layer.ts'
import type { DualProblem } from './dual-problem.ts'
import { addRewards, type DualValue, startingNodes } from './dual-programme.ts'
import { pieceSteps, type Work } from './work.ts'

/**
 * The layers without the nodes through which no path is worth more than `least` (design 003,
 * equation 12): the value of coming to a node plus the value to go is a bound on every path through
 * it, at any prices. Whatever survives is enough for every later evaluation, so long as `least` is
 * taken into the bound. Null when more than `nodesMax` survive: layers of their own would cost more
 * than they save.
 */
export function* eliminated(
  problem: DualProblem,
  dual: DualLayers,
  value: DualValue,
  { least, nodesMax }: { readonly least: number; readonly nodesMax: number },
): Work<DualLayers | null> {
  const { slotCount } = problem
  const alive: Int32Array[] = []
  let come = new Float64Array((dual.layers[0] as DualLayer).nodes.length).fill(minusInfinity)
  for (const j of startingNodes(problem, dual.layers[0] as DualLayer)) come[j] = 0
  let steps = 0
  for (let t = 0; t < slotCount; t += 1) {
    const layer = dual.layers[t] as DualLayer
    const boundary = value.boundaries[t] ?? null
    if (boundary !== null) crossForwards(problem, layer, boundary, come)
    const toGo = value.toGo[t] as Float64Array
    alive.push(layer.nodes.filter((_, j) => (come[j] as number) + (toGo[j] as number) >= least))
    if (t + 1 === slotCount) break
    addRewards(problem, layer, { prices: value.prices, t }, come)
    come = moved(come, dual.next[t] as Int32Array, dual.layers[t + 1] as DualLayer)
    steps += layerSteps(layer)
    if (steps < pieceSteps) continue
    yield steps
    steps = 0
  }
  yield steps
  const count = alive.reduce((sum, nodes) => sum + nodes.length, 0)
  return count > nodesMax ? null : yield* layersOf(problem, alive)
}

const minusInfinity = Number.NEGATIVE_INFINITY

function moved(
  come: Float64Array,
  next: Int32Array,
  { nodes }: DualLayer,
): Float64Array<ArrayBuffer> {
  const arrived = new Float64Array(nodes.length).fill(minusInfinity)
  for (let j = 0; j < come.length; j += 1) {
    const position = next[j] as number
    if (position >= 0) arrived[position] = come[j] as number
  }
  return arrived
}
