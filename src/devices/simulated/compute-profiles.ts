import type { ComputeInstanceProfileInfo } from '../device.ts'

/**
 * Compute instance profiles by width of the GPU instance: NVML's profile id, compute slices and
 * starts, in compute slices (NVIDIA's nvml.h NVML_COMPUTE_INSTANCE_PROFILE_*; counts as in
 * go-nvml's pkg/nvml/mock/gpus/a100.go, starts as in its h100.go and a30.go). A 4g has no 3c.
 */
const rowsBySlices: Readonly<Record<number, readonly (readonly [number, number, number[]])[]>> = {
  1: [[0, 1, [0]]],
  2: [
    [0, 1, [0, 1]],
    [1, 2, [0]],
  ],
  3: [
    [0, 1, [0, 1, 2]],
    [1, 2, [0]],
    [2, 3, [0]],
  ],
  4: [
    [0, 1, [0, 1, 2, 3]],
    [1, 2, [0, 2]],
    [3, 4, [0]],
  ],
  7: [
    [0, 1, [0, 1, 2, 3, 4, 5, 6]],
    [1, 2, [0, 2, 4]],
    [2, 3, [0, 4]],
    [3, 4, [0]],
    [4, 7, [0]],
  ],
}

export function computeProfilesOf(
  gpuInstanceSlices: number,
): readonly ComputeInstanceProfileInfo[] {
  return (rowsBySlices[gpuInstanceSlices] ?? []).map(([profileId, sliceCount, starts]) => ({
    profileId,
    sliceCount,
    instanceCount: starts.length,
    possiblePlacements: starts.map((start) => ({ start, size: sliceCount })),
  }))
}
