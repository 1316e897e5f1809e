import { type DualLayers, layersOf } from './dual-layer.ts'
import type { DualProblem } from './dual-problem.ts'
import type { ServingStates } from './serving-states.ts'
import { pieceSteps, type Work } from './work.ts'

/**
 * The layers of a finer dual from those of a coarser one that it refines: a node whose coarse image
 * was ruled out is ruled out too. Null when that would be more than `nodesMax` nodes in all slots.
 */
export function* refinedLayers(
  coarse: DualProblem,
  fine: DualProblem,
  { layers }: DualLayers,
  nodesMax: number,
): Work<DualLayers | null> {
  const states = preimages(stateImages(coarse.states, fine.states), coarse.states.stateCount)
  const versions = preimages(versionImages(coarse, fine), coarse.versionCount)
  const sizeOf = (node: number) =>
    (states[Math.floor(node / coarse.versionCount)] as number[]).length *
    (versions[node % coarse.versionCount] as number[]).length
  const nodeCount = layers.reduce(
    (sum, { nodes }) => sum + nodes.reduce((own, node) => own + sizeOf(node), 0),
    0,
  )
  if (nodeCount > nodesMax) return null
  yield 4 * nodeCount
  const refined: Int32Array[] = []
  let steps = 0
  for (const { nodes } of layers) {
    const own: number[] = []
    for (const node of nodes) {
      for (const x of states[Math.floor(node / coarse.versionCount)] as number[]) {
        for (const v of versions[node % coarse.versionCount] as number[]) {
          own.push(x * fine.versionCount + v)
        }
      }
    }
    refined.push(Int32Array.from(own).sort())
    steps += 10 * own.length
    if (steps < pieceSteps) continue
    yield steps
    steps = 0
  }
  yield steps
  return yield* layersOf(fine, refined)
}

/** Per fine state the coarse one: the same, or the one with the same counts. */
function stateImages(coarse: ServingStates, fine: ServingStates): readonly number[] {
  const all = [...Array(fine.stateCount).keys()]
  if (coarse === fine) return all
  const keyOf = ({ held, stateCount, tenantCount }: ServingStates, x: number) =>
    Array.from({ length: tenantCount }, (_, i) => held[i * stateCount + x]).join(',')
  const index = new Map([...Array(coarse.stateCount).keys()].map((x) => [keyOf(coarse, x), x]))
  return all.map((x) => index.get(keyOf(fine, x)) ?? 0)
}

/** Per fine combination of versions the coarse one. */
function versionImages(coarse: DualProblem, fine: DualProblem): readonly number[] {
  return Array.from({ length: fine.versionCount }, (_, v) =>
    fine.tenants.reduce((image, { stride, versions }, i) => {
      const digit = Math.floor(v / stride) % (versions.length + 1)
      const own = coarse.tenants[i] as DualProblem['tenants'][number]
      return image + own.stride * Math.min(digit, own.versions.length)
    }, 0),
  )
}

function preimages(images: readonly number[], count: number): readonly number[][] {
  const lists = Array.from({ length: count }, (): number[] => [])
  for (const [fine, image] of images.entries()) lists[image]?.push(fine)
  return lists
}
