import { assert } from '../../base/assert.ts'
import type { Drift } from './accuracy-table.ts'

/**
 * How far the concept has moved since t = 0, in the units of the accuracy table (radians on our
 * stream). Never falls; a shift has happened at its own second.
 */
export function driftAt(drift: Drift, seconds: number): number {
  assert(seconds >= 0, `Drift starts at t = 0, not at ${seconds} s`)
  return drift.shifts.reduce(
    (distance, shift) => (shift.atSeconds <= seconds ? distance + shift.distance : distance),
    drift.distancePerSecond * seconds,
  )
}
