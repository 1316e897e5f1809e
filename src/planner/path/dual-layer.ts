import type { DualProblem } from './dual-problem.ts'
import { pieceSteps, slotSteps, type Work } from './work.ts'

/**
 * The nodes of one slot that are still of interest, and how they hang together at the boundary
 * before it. A node is a serving state and a combination of versions: `state * versionCount +
 * version`. All other numbers here are positions in `nodes`, which ascend.
 */
export type DualLayer = {
  readonly nodes: Int32Array
  /** The room beside what each node serves. */
  readonly room: Int16Array
  /** Per tenant and node: the tenant's digit times multisetCount plus the multiset it holds. */
  readonly cells: readonly Int16Array[]
  /**
   * Additions of one instance, ordered by `from`; read the other way they are drops. Each stands
   * for `width` of them: from addFrom[e] + i to addTo[e] + i for every i below the width.
   */
  readonly width: number
  readonly addFrom: Int32Array
  readonly addTo: Int32Array
  /** Tenant times kindCount plus kind of what is added. */
  readonly addWhat: Uint16Array
  readonly completions: readonly LayerCompletion[]
  /**
   * Nodes that differ by takeovers only are in one group: the same instances, the same versions.
   * Null where there are no takeovers.
   */
  readonly groups: { readonly of: Int32Array; readonly count: number } | null
}

/** The nodes that a retraining of one tenant, done with one version, connects. */
export type LayerCompletion = {
  readonly tenant: number
  readonly version: number
  readonly from: Int32Array
  readonly to: Int32Array
}

/**
 * A layer per slot, and where each node of a layer is in the next one (-1: of no interest there).
 */
export type DualLayers = {
  readonly layers: readonly DualLayer[]
  readonly next: readonly Int32Array[]
}

/**
 * Every node that can be come to: any state, with versions that can be made by then. One layer for
 * all slots with the same versions.
 */
export function allLayers(problem: DualProblem): DualLayers {
  const { states, versionCount, slotCount } = problem
  const positions = new Int32Array(states.stateCount * versionCount).fill(-1)
  const known = new Map<string, DualLayer>()
  const layers = Array.from({ length: slotCount }, (_, t) => {
    const versions = versionsBy(problem, t)
    const key = versions.join()
    const width = versions.length
    const nodes = new Int32Array(known.has(key) ? 0 : states.stateCount * width)
    for (let j = 0; j < nodes.length; j += 1) {
      nodes[j] = Math.floor(j / width) * versionCount + (versions[j % width] as number)
    }
    const layer = known.get(key) ?? layerOf(problem, nodes, { positions, width })
    known.set(key, layer)
    return layer
  })
  return { layers, next: nextOf(layers, positions) }
}

/** Where the nodes of each layer are in the next one. */
function nextOf(layers: readonly DualLayer[], positions: Int32Array): readonly Int32Array[] {
  const next: Int32Array[] = []
  for (let t = 0; t + 1 < layers.length; t += 1) {
    const { nodes } = layers[t] as DualLayer
    const after = layers[t + 1] as DualLayer
    const isSame = t > 0 && layers[t - 1] === layers[t] && layers[t] === after
    if (isSame) next.push(next[t - 1] as Int32Array)
    else {
      place(after.nodes, positions)
      next.push(nodes.map((node) => positions[node] as number))
      clear(after.nodes, positions)
    }
  }
  return next
}

/** Combinations of versions that retrainings can have made by the start of slot t. */
function versionsBy({ tenants, versionCount }: DualProblem, t: number): readonly number[] {
  const soonest = tenants.map(({ versions }) =>
    versions.map(({ options }) => Math.min(...options.map(({ slots }) => slots))),
  )
  return [...Array(versionCount).keys()].filter((version) =>
    tenants.every(({ stride, versions }, i) => {
      const digit = Math.floor(version / stride) % (versions.length + 1)
      return digit === 0 || (soonest[i]?.[digit - 1] as number) <= t
    }),
  )
}

/** Layers of these nodes, ascending, per slot. */
export function* layersOf(problem: DualProblem, nodes: readonly Int32Array[]): Work<DualLayers> {
  const positions = new Int32Array(problem.states.stateCount * problem.versionCount).fill(-1)
  const layers: DualLayer[] = []
  let steps = 0
  for (const own of nodes) {
    const layer = layerOf(problem, own, { positions, width: 1 })
    layers.push(layer)
    steps += stepsToBuild * layerSteps(layer)
    if (steps < pieceSteps) continue
    yield steps
    steps = 0
  }
  yield steps
  return { layers, next: nextOf(layers, positions) }
}

/** Building a layer costs about as much as so many evaluations of it. */
const stepsToBuild = 4

/** Relaxations of one evaluation of a layer. */
export function layerSteps(layer: DualLayer): number {
  const { nodes, cells, addFrom, width, completions, groups } = layer
  const exchanged = groups === null ? 0 : nodes.length
  const done = completions.reduce((count, { from }) => count + from.length, 0)
  return (
    exchanged + (cells.length + 2) * nodes.length + 2 * addFrom.length * width + done + slotSteps
  )
}

/** Nodes of all layers together. */
export function nodeCount({ layers }: DualLayers): number {
  return layers.reduce((sum, { nodes }) => sum + nodes.length, 0)
}

function place(nodes: Int32Array, positions: Int32Array): void {
  for (let j = 0; j < nodes.length; j += 1) positions[nodes[j] as number] = j
}

function clear(nodes: Int32Array, positions: Int32Array): void {
  for (const node of nodes) positions[node] = -1
}

/** `positions` is -1 everywhere, before and after. */
function layerOf(
  problem: DualProblem,
  nodes: Int32Array,
  { positions, width }: { readonly positions: Int32Array; readonly width: number },
): DualLayer {
  const { states, versionCount, tenants, space } = problem
  place(nodes, positions)
  const stateOf = nodes.map((node) => Math.floor(node / versionCount))
  const layer = {
    nodes,
    room: Int16Array.from(stateOf, (x) => states.room[x] as number),
    cells: tenants.map(({ stride, versions }, i) =>
      Int16Array.from(nodes, (node, j) => {
        const digit = Math.floor((node % versionCount) / stride) % (versions.length + 1)
        const held = states.held[i * states.stateCount + (stateOf[j] as number)] as number
        return digit * space.multisetCount + held
      }),
    ),
    width,
    ...additionsOf(problem, nodes, { positions, width }),
    completions: completionsOf(problem, nodes, positions),
    groups: groupsOf(problem, nodes),
  }
  clear(nodes, positions)
  return layer
}

function groupsOf(
  { handovers, states, versionCount }: DualProblem,
  nodes: Int32Array,
): DualLayer['groups'] {
  if (handovers === null) return null
  const known = new Map<string, number>()
  const of = nodes.map((node) => {
    const x = Math.floor(node / versionCount)
    const kept = handovers.fixed.map((i) => states.held[i * states.stateCount + x])
    const key = `${states.room[x]} ${node % versionCount} ${kept.join(' ')}`
    const group = known.get(key) ?? known.size
    known.set(key, group)
    return group
  })
  return { of, count: known.size }
}

function additionsOf(
  { states, versionCount, space }: DualProblem,
  nodes: Int32Array,
  { positions, width }: { readonly positions: Int32Array; readonly width: number },
): Pick<DualLayer, 'addFrom' | 'addTo' | 'addWhat'> {
  const from: number[] = []
  const to: number[] = []
  const what: number[] = []
  for (let j = 0; j < nodes.length; j += width) {
    const node = nodes[j] as number
    const x = Math.floor(node / versionCount)
    const last = states.firstEdge[x + 1] as number
    for (let e = states.firstEdge[x] as number; e < last; e += 1) {
      const target = (states.edgeTo[e] as number) * versionCount + (node % versionCount)
      if ((positions[target] as number) < 0) continue
      from.push(j)
      to.push(positions[target] as number)
      what.push((states.edgeTenant[e] as number) * space.kindCount + (states.edgeKind[e] as number))
    }
  }
  return {
    addFrom: Int32Array.from(from),
    addTo: Int32Array.from(to),
    addWhat: Uint16Array.from(what),
  }
}

function completionsOf(
  { tenants, versionCount }: DualProblem,
  nodes: Int32Array,
  positions: Int32Array,
): readonly LayerCompletion[] {
  return tenants.flatMap(({ versions, stride }, tenant) =>
    versions.map((_, v): LayerCompletion => {
      const from: number[] = []
      const to: number[] = []
      for (let j = 0; j < nodes.length; j += 1) {
        const node = nodes[j] as number
        const digit = Math.floor((node % versionCount) / stride) % (versions.length + 1)
        const target = positions[node + (v + 1) * stride]
        if (digit !== 0 || target === undefined || target < 0) continue
        from.push(j)
        to.push(target)
      }
      return { tenant, version: v + 1, from: Int32Array.from(from), to: Int32Array.from(to) }
    }),
  )
}
