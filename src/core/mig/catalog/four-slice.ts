import type { GpuInstanceProfile } from '../profile.ts'

/** The placements of one width: size and starts in memory slices, and how wide it is in compute. */
export type Width = Pick<
  GpuInstanceProfile,
  'computeSlices' | 'size' | 'starts' | 'memoryMiB' | 'multiprocessorCount'
>

/** A row of a board's table: NVML id, name, attribute, most instances; the width gives the rest. */
export function profileOf(
  width: Width,
  row: Pick<GpuInstanceProfile, 'profileId' | 'name' | 'attribute' | 'instanceCountMax'>,
  evidence: GpuInstanceProfile['evidence'] = 'documented',
): GpuInstanceProfile {
  return { ...row, ...width, evidence }
}
