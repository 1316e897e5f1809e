import type { GpuSpace } from './gpu-space.ts'
import {
  emptyPlacing,
  freePlaces,
  itemOf,
  keyOf,
  ownerOf,
  type Placing,
  placeOf,
  withItem,
} from './placing.ts'
import {
  type Edge,
  edgeArraysOf,
  fillsOf,
  type ServingPlace,
  type ServingStates,
  type Swap,
} from './serving-states.ts'
import { pieceSteps, type Work } from './work.ts'

/**
 * States as placings up to symmetry: who serves on which place. A change between them never moves
 * an instance, so that a layout that runs, or a blocked placement, is felt; about three times as
 * many as counts for two and three tenants. Null when there are more than `statesMax`.
 */
export function* placedStatesOf(
  space: GpuSpace,
  symmetries: readonly Int16Array[],
  canServe: readonly (readonly boolean[])[],
  statesMax: number,
): Work<ServingStates | null> {
  const found = yield* explore(space, symmetries, canServe, statesMax)
  if (found === null) return null
  const { placings, edges, index } = found
  const stateCount = placings.length
  const tenantCount = canServe.length
  const held = new Int16Array(stateCount * tenantCount)
  for (const [x, { items }] of placings.entries()) {
    for (const item of items) {
      const at = ownerOf(item) * stateCount + x
      const kind = space.places[placeOf(item)]?.kind ?? 0
      held[at] = space.plus[(held[at] as number) * space.kindCount + kind] as number
    }
  }
  const stateOf = (serving: readonly ServingPlace[]) => {
    const items = serving.map(({ tenant, place }) => itemOf(place, tenant)).sort((a, b) => a - b)
    return index.get(keyOf(symmetries, { items, mask: 0 })) ?? -1
  }
  return {
    isPlaced: true,
    tenantCount,
    stateCount,
    held,
    sizes: Uint8Array.from(placings, ({ items }) => items.length),
    ...(yield* roomsOf(space, symmetries, placings)),
    ...edgeArraysOf(edges, stateCount),
    stateOf,
    swaps: (mayTakeOver) => swapsAmong(found.additions, mayTakeOver),
  }
}

type Addition = { readonly kind: number; readonly to: readonly number[] }

type Explored = {
  readonly placings: readonly Placing[]
  readonly edges: readonly Edge[]
  /** For each state and free place its kind, and the state with each tenant there. */
  readonly additions: readonly Addition[]
  readonly index: ReadonlyMap<string, number>
}

/** Breadth first from the empty placing, so that smaller states come first. */
function* explore(
  space: GpuSpace,
  symmetries: readonly Int16Array[],
  canServe: readonly (readonly boolean[])[],
  statesMax: number,
): Work<Explored | null> {
  const placings: Placing[] = [emptyPlacing]
  const totals: number[] = [0]
  const index = new Map([[keyOf(symmetries, emptyPlacing), 0]])
  const edges: Edge[] = []
  const additions: Addition[] = []
  let steps = 0
  for (let from = 0; from < placings.length; from += 1) {
    if (steps >= pieceSteps) {
      yield steps
      steps = 0
    }
    const placing = placings[from] as Placing
    const byPlace = new Map<number, { kind: number; to: number[] }>()
    for (const [tenant, kinds] of canServe.entries()) {
      for (let kind = 0; kind < space.kindCount; kind += 1) {
        const total = space.plus[(totals[from] as number) * space.kindCount + kind] as number
        if (kinds[kind] !== true || total < 0) continue
        const targets = new Set<number>()
        for (const place of freePlaces(space, placing, kind)) {
          const larger = withItem(space, placing, itemOf(place, tenant))
          steps += stepsPerKey
          const key = keyOf(symmetries, larger)
          const to = index.get(key) ?? placings.length
          if (to === placings.length) {
            if (to >= statesMax) return null
            index.set(key, to)
            placings.push(larger)
            totals.push(total)
          }
          targets.add(to)
          const addition = byPlace.get(place) ?? { kind, to: canServe.map(() => -1) }
          addition.to[tenant] = to
          byPlace.set(place, addition)
        }
        for (const to of targets) edges.push({ from, to, tenant, kind })
      }
    }
    additions.push(...byPlace.values())
  }
  yield steps
  return { placings, edges, additions, index }
}

/** Naming a placing up to symmetry costs about as much as so many relaxations. */
const stepsPerKey = 150

/** Where one tenant has a place of its own beside a state, another one may have the same. */
function* swapsAmong(
  additions: readonly Addition[],
  mayTakeOver: (kind: number, before: number, after: number) => boolean,
): Work<readonly Swap[]> {
  const swaps = new Map<string, Swap>()
  let steps = 0
  for (const { kind, to: states } of additions) {
    for (const [before, from] of states.entries()) {
      for (const [after, to] of states.entries()) {
        if (from < 0 || to < 0 || !mayTakeOver(kind, before, after)) continue
        swaps.set(`${from} ${to}`, { from, to, before, after })
        steps += stepsPerSwap
      }
    }
    if (steps < pieceSteps) continue
    yield steps
    steps = 0
  }
  yield steps
  return [...swaps.values()]
}

const stepsPerSwap = 20

/** The room beside a placing is that beside its instances, whoever holds them, up to symmetry. */
function* roomsOf(
  space: GpuSpace,
  symmetries: readonly Int16Array[],
  placings: readonly Placing[],
): Work<Pick<ServingStates, 'room' | 'roomCount' | 'fits' | 'fills'>> {
  const index = new Map<string, number>()
  const rows: Uint8Array[] = []
  const room = new Int16Array(placings.length)
  let steps = 0
  for (const [x, { items, mask }] of placings.entries()) {
    const layout = { items: items.map((item) => itemOf(placeOf(item), 0)), mask }
    const key = keyOf(symmetries, layout)
    const known = index.get(key)
    room[x] = known ?? rows.length
    steps += stepsPerKey
    if (known !== undefined) continue
    index.set(key, rows.length)
    rows.push(fitsBeside(space, layout))
    steps += 10 * stepsPerKey
    if (steps < pieceSteps) continue
    yield steps
    steps = 0
  }
  yield steps
  const fits = new Uint8Array(rows.length * space.multisetCount)
  for (const [r, row] of rows.entries()) fits.set(row, r * space.multisetCount)
  return { room, roomCount: rows.length, fits, fills: rows.map((row) => fillsOf(space, row)) }
}

/** 1 for each multiset that can be placed beside instances. */
function fitsBeside(space: GpuSpace, layout: Placing): Uint8Array {
  const { kindCount, plus, places, multisetCount } = space
  const fits = new Uint8Array(multisetCount)
  const total = layout.items.reduce((m, item) => {
    return plus[m * kindCount + (places[placeOf(item)]?.kind ?? 0)] as number
  }, 0)
  const seen = new Set<number>()
  const extend = (mask: number, all: number, added: number): void => {
    const visit = mask * multisetCount + added
    if (seen.has(visit)) return
    seen.add(visit)
    fits[added] = 1
    for (const place of places) {
      if ((place.mask & mask) !== 0) continue
      const more = plus[all * kindCount + place.kind] as number
      const next = plus[added * kindCount + place.kind] as number
      if (more >= 0 && next >= 0) extend(mask | place.mask, more, next)
    }
  }
  extend(layout.mask, total, 0)
  return fits
}
