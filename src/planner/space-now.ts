import { must } from '../base/assert.ts'
import type { Grid } from './grid.ts'
import type { Place } from './places.ts'
import { sharesSlices } from './schedule.ts'
import { otherRows, type SpaceRow } from './space-rows.ts'

const rowsOfGrid = new WeakMap<Grid, readonly (readonly SpaceRow[])[]>()

/** Limits of each GPU beside its memory slices, as place weights. */
function limitsOf(grid: Grid): readonly (readonly SpaceRow[])[] {
  const known = rowsOfGrid.get(grid)
  if (known !== undefined) return known
  const made = grid.problem.gpus.map(({ model }, gpu) => {
    const places = grid.places.filter((place) => place.gpu === gpu)
    return otherRows(places, model)
  })
  rowsOfGrid.set(grid, made)
  return made
}

/** Whether an instance could exist there beside those held (design 001, 1). */
export function fitsBeside(grid: Grid, place: Place, held: readonly Place[]): boolean {
  if (held.some((other) => sharesSlices(other, place))) return false
  return must(limitsOf(grid)[place.gpu]).every(({ terms, right }) => {
    const weightOf = ({ index }: Place) => terms.find(([own]) => own === index)?.[1] ?? 0
    const weight = weightOf(place)
    if (weight === 0) return true
    return held.reduce((sum, other) => sum + weightOf(other), weight) <= right
  })
}

/**
 * How much could still be placed on its GPU: memory slices of the free places, overlaps and all.
 */
export function freedomAfter(grid: Grid, place: Place, held: readonly Place[]): number {
  const taken = [...held, place]
  const free = grid.places.filter(
    (other) => other.gpu === place.gpu && !taken.some((own) => sharesSlices(own, other)),
  )
  return free.reduce((sum, { profile }) => sum + profile.size, 0)
}
