import { must } from '../../base/assert.ts'
import { searchFreely } from './free-search.ts'
import { areChangesFree } from './free-states.ts'
import type { StartingWorker } from './gpu-start.ts'
import { searchPlaced } from './placed-search.ts'
import { scriptedOwner } from './placing.ts'
import type { Region, RegionValue } from './region.ts'
import type { OwnedHold } from './solution.ts'
import { startMovesOf, subsetsOf } from './start-moves.ts'
import type { Work } from './work.ts'

export type PlacedRegion = {
  /** J + T of the region's tenants with instances on places; never more than the counts' score. */
  readonly score: number
  readonly holds: readonly OwnedHold[]
}

/** How hard to look for places: see PlacedSearch. */
type Effort = {
  readonly width: number
  readonly nodesMax: number
  readonly isEager: boolean
  /** Least value of serving that is of interest. */
  readonly valueMin: number
  readonly kept: readonly StartingWorker[]
}

/**
 * Finds places for a region's best path, worth more than `scoreMin`; call it before the region's
 * tables change. Counts that fit mostly find places at once. Where instances that run already are
 * in the way, giving some of them up at the start helps; else a path worth a little less.
 */
export function* placeRegion(
  region: Region,
  value: RegionValue,
  scoreMin: number,
): Work<PlacedRegion | null> {
  for (const effort of effortsFor(region, value, scoreMin - value.terminal)) {
    const placed = yield* placeWith(region, value, effort)
    if (placed !== null || areChangesFree(value.of.inputs)) return placed
  }
  return null
}

function* effortsFor(
  region: Region,
  value: RegionValue,
  least: number,
): Generator<Effort, void, void> {
  const { workers } = region.start
  const best = value.starts[0]?.estimate ?? Number.NEGATIVE_INFINITY
  const tie = (estimate: number) => estimate - 1e-9 * Math.abs(estimate) - 1e-12
  // Where states know their places, the first path is the best one if retraining finds places.
  const { isPlaced } = region.states
  const width = isPlaced && value.of.scripted.length > 0 ? 4 : 1
  const first = { width, nodesMax: isPlaced ? 20_000 : 1000, isEager: isPlaced }
  yield { ...first, valueMin: tie(best), kept: workers }
  const narrow = { width: 6, nodesMax: 2000, isEager: false }
  if (!isPlaced) yield { ...narrow, valueMin: tie(best), kept: workers }
  for (const { kept, estimate } of partialStarts(region, value)) {
    if (estimate > least) yield { ...narrow, valueMin: tie(estimate), kept }
  }
  const near = Math.max(least, best - 0.002 * Math.abs(best))
  yield { width: 12, nodesMax: 1500, isEager: false, valueMin: near, kept: workers }
  if (least === Number.NEGATIVE_INFINITY) {
    yield { width: 2, nodesMax: 300, isEager: false, valueMin: least, kept: workers }
  }
}

/** The best ways to begin without some of the workers that are there. */
function partialStarts(
  { start }: Region,
  { of, tables }: RegionValue,
): readonly { readonly kept: readonly StartingWorker[]; readonly estimate: number }[] {
  if (start.isFree) return []
  const partial = subsetsOf(start.workers).filter((kept) => kept.length < start.workers.length)
  const valued = partial.map((kept) => {
    const best = startMovesOf(of.inputs, tables, kept)[0]
    return { kept, estimate: best?.estimate ?? Number.NEGATIVE_INFINITY }
  })
  return valued.sort((a, b) => b.estimate - a.estimate).slice(0, partialStartsMax)
}

const partialStartsMax = 8

function* placeWith(region: Region, value: RegionValue, effort: Effort): Work<PlacedRegion | null> {
  const { inputs, scripted } = value.of
  const { tables } = value
  const { start, gpu } = region
  const { symmetries } = gpu
  const search = { inputs, tables, symmetries, scripted, start, ...effort }
  const path = yield* areChangesFree(inputs) ? searchFreely(search) : searchPlaced(search)
  if (path === null) return null
  const holds = path.holds.flatMap(({ owner, ...span }): readonly OwnedHold[] => {
    if (owner < scriptedOwner) {
      return [{ tenant: must(region.tenants[owner]).index, role: 'inference', ...span }]
    }
    const { tenant, role, parts } = must(scripted[owner - scriptedOwner])
    const { place } = span
    return parts?.map((own) => ({ ...own, place })) ?? [{ tenant, role, ...span }]
  })
  return { score: path.value + value.terminal, holds: mergedHolds(holds) }
}

/**
 * Inference that leaves a place and takes it again at once has never left it, unless another one
 * took over in between.
 */
function mergedHolds(holds: readonly OwnedHold[]): readonly OwnedHold[] {
  const merged: OwnedHold[] = []
  const ordered = [...holds].sort((a, b) => a.from - b.from)
  for (const hold of ordered) {
    const isTakenOver = ordered.some(
      ({ place, from, until }) => place === hold.place && from < hold.from && until > hold.from,
    )
    const index = merged.findIndex(
      (own) =>
        own.until === hold.from &&
        own.place === hold.place &&
        own.tenant === hold.tenant &&
        own.role === 'inference' &&
        hold.role === 'inference',
    )
    if (index < 0 || isTakenOver) merged.push(hold)
    else merged[index] = { ...must(merged[index]), until: hold.until }
  }
  return merged
}
