import { enumerateExtensions, type Layout, place } from './layout.ts'
import { allPlacements } from './placement.ts'
import type { GpuInstanceProfile } from './profile.ts'

/** Starts at which a GPU instance of that profile could be created now, ascending. */
export function possibleStarts(layout: Layout, profile: GpuInstanceProfile): readonly number[] {
  return profile.starts.filter((start) => place(layout, profile, start).kind === 'placed')
}

/**
 * How many more GPU instances of that profile could be created, all of them that profile (NVML:
 * nvmlDeviceGetGpuInstanceRemainingCapacity). Taking starts in order is exact, because the starts
 * of one profile never overlap each other.
 */
export function remainingCapacity(layout: Layout, profile: GpuInstanceProfile): number {
  let held = layout
  let count = 0
  for (const start of profile.starts) {
    const next = place(held, profile, start)
    if (next.kind !== 'placed') continue
    held = next.layout
    count += 1
  }
  return count
}

export function usedComputeSlices(layout: Layout): number {
  return layout.placed.reduce((sum, { profile }) => sum + profile.computeSlices, 0)
}

/** Memory slices that no GPU instance covers. */
export function freeMemorySlices(layout: Layout): number {
  const used = layout.placed.reduce((sum, { profile }) => sum + profile.size, 0)
  return layout.model.memorySlices - used
}

/**
 * The most compute slices that GPU instances of these profiles could still take without touching
 * what is there: less than what is unused when the holes are in the wrong places.
 */
export function usableComputeSlices(layout: Layout, profileIds: readonly number[]): number {
  const used = usedComputeSlices(layout)
  return enumerateExtensions(layout, profileIds).reduce(
    (most, extended) => Math.max(most, usedComputeSlices(extended) - used),
    0,
  )
}

/**
 * External fragmentation as memory allocators count it, in [0, 1]: the share of free memory slices
 * outside the largest placement that is still possible. 0 when nothing is free.
 */
export function fragmentation(layout: Layout, profileIds: readonly number[]): number {
  const free = freeMemorySlices(layout)
  if (free === 0) return 0
  const largest = allPlacements(layout.model, profileIds)
    .filter(({ profile, start }) => place(layout, profile, start).kind === 'placed')
    .reduce((most, { profile }) => Math.max(most, profile.size), 0)
  return 1 - largest / free
}
