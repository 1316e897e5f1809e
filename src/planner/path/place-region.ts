import { must } from '../../base/assert.ts'
import { searchPlaced } from './placed-search.ts'
import { scriptedOwner } from './placing.ts'
import type { Region, RegionValue } from './region.ts'
import type { OwnedHold } from './solution.ts'

/** How hard to look for places: see PlacedSearch; and the least score of interest. */
export type PlacingEffort = {
  readonly width: number
  readonly nodesMax: number
  readonly scoreMin: number
}

export type PlacedRegion = {
  /** J + T of the region's tenants with instances on places; never more than the counts' score. */
  readonly score: number
  readonly holds: readonly OwnedHold[]
}

/**
 * Finds places for a region's best path; call it before the region's tables change. Null if there
 * are none within the effort. Counted work: nodes of the search, each about `stepsPerNode`.
 */
export function placeRegion(
  region: Region,
  value: RegionValue,
  { width, nodesMax, scoreMin }: PlacingEffort,
): { readonly placed: PlacedRegion | null; readonly steps: number } {
  const { inputs, scripted } = value.of
  const { path, nodes } = searchPlaced({
    inputs,
    tables: value.tables,
    symmetries: region.gpu.symmetries,
    scripted,
    start: region.start,
    width,
    nodesMax,
    valueMin: scoreMin - value.terminal - 1e-12,
  })
  const steps = nodes * stepsPerNode
  if (path === null) return { placed: null, steps }
  const holds = path.holds.map(({ owner, ...span }): OwnedHold => {
    if (owner < scriptedOwner) {
      return { tenant: must(region.tenants[owner]).index, role: 'inference', ...span }
    }
    const { tenant, role } = must(scripted[owner - scriptedOwner])
    return { tenant, role, ...span }
  })
  return { placed: { score: path.value + value.terminal, holds: mergedHolds(holds) }, steps }
}

/** A node of the placed search costs about as much as this many relaxations. */
const stepsPerNode = 300

/** Inference that leaves a place and takes it again at once has never left it. */
export function mergedHolds(holds: readonly OwnedHold[]): readonly OwnedHold[] {
  const merged: OwnedHold[] = []
  const ordered = [...holds].sort((a, b) => a.from - b.from)
  for (const hold of ordered) {
    const index = merged.findIndex(
      (own) =>
        own.until === hold.from &&
        own.place === hold.place &&
        own.tenant === hold.tenant &&
        own.role === 'inference' &&
        hold.role === 'inference',
    )
    if (index < 0) merged.push(hold)
    else merged[index] = { ...must(merged[index]), until: hold.until }
  }
  return merged
}
