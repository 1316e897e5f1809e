import type { Evidence, GpuInstanceProfile } from '../profile.ts'

type Geometry = Omit<GpuInstanceProfile, 'name' | 'memoryMiB' | 'multiprocessorCount' | 'evidence'>

/**
 * The geometry that every GPU with seven compute slices and eight memory slices shares: NVML
 * profile ids, placements and instance counts as `nvidia-smi mig -lgip` and `-lgipp` print them in
 * NVIDIA's MIG User Guide for an A100, as go-nvml's A100 tables (pkg/nvml/mock/gpus/a100.go) repeat
 * them, and as public H100 listings (kubernetes-sigs/dra-driver-nvidia-gpu pull request 1018)
 * confirm them.
 */
const geometries = {
  '1g': geometry(19, 'base', 1, { size: 1, starts: [0, 1, 2, 3, 4, 5, 6], count: 7 }),
  '1g+me': geometry(20, '+me', 1, { size: 1, starts: [0, 1, 2, 3, 4, 5, 6], count: 1 }),
  '1g double': geometry(15, 'double-memory', 1, { size: 2, starts: [0, 2, 4, 6], count: 4 }),
  '2g': geometry(14, 'base', 2, { size: 2, starts: [0, 2, 4], count: 3 }),
  '3g': geometry(9, 'base', 3, { size: 4, starts: [0, 4], count: 2 }),
  '4g': geometry(5, 'base', 4, { size: 4, starts: [0], count: 1 }),
  '7g': geometry(0, 'base', 7, { size: 8, starts: [0], count: 1 }),
} as const satisfies Record<string, Geometry>

export type SevenSliceKind = keyof typeof geometries

/**
 * What differs between boards: name, MiB and multiprocessors, undefined where no source gives it.
 */
export type BoardRow = readonly [
  kind: SevenSliceKind,
  name: string,
  memoryMiB: number | undefined,
  multiprocessorCount: number | undefined,
]

/** The profiles of a board with the common geometry, in the order of its rows. */
export function sevenSliceProfiles(
  evidence: Evidence,
  rows: readonly BoardRow[],
): readonly GpuInstanceProfile[] {
  return rows.map(([kind, name, memoryMiB, multiprocessorCount]) => ({
    ...geometries[kind],
    name,
    memoryMiB,
    multiprocessorCount,
    evidence,
  }))
}

function geometry(
  profileId: number,
  attribute: GpuInstanceProfile['attribute'],
  computeSlices: number,
  placements: { readonly size: number; readonly starts: readonly number[]; readonly count: number },
): Geometry {
  const { size, starts, count } = placements
  return { profileId, attribute, computeSlices, size, starts, instanceCountMax: count }
}
