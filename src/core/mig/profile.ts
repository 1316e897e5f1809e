/** What is special about a profile beside its slices (NVML header, MIG User Guide). */
export type ProfileAttribute = 'base' | 'double-memory' | '+me' | '+gfx' | '-me' | '+me.all'

/**
 * Where a table's row comes from: read in a capture or a guide, or concluded from its neighbours.
 */
export type Evidence = 'documented' | 'inferred'

/**
 * A GPU instance profile of one GPU model (NVML: nvmlGpuInstanceProfileInfo_t).
 * `profileId` is the id that NVML's calls and `nvidia-smi mig -lgip` use (19, 14, 9, 5, 0 …), not
 * NVML's enum. Placements count memory slices, `computeSlices` counts compute slices.
 */
export type GpuInstanceProfile = {
  readonly profileId: number
  readonly name: string
  readonly attribute: ProfileAttribute
  readonly computeSlices: number
  /** Size of a placement, in memory slices. */
  readonly size: number
  /** Starts of the possible placements, in memory slices, ascending. */
  readonly starts: readonly number[]
  readonly instanceCountMax: number
  /** Undefined where no source gives it. */
  readonly memoryMiB: number | undefined
  readonly multiprocessorCount: number | undefined
  readonly evidence: Evidence
}
