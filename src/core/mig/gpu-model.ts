import { assert } from '../../base/assert.ts'
import type { GpuInstanceProfile } from './profile.ts'

/** How parts of a GPU are held apart where it is not MIG (core/mps/share-model.ts). */
export type Sharing = 'mps' | 'time-slicing'

/** A kind of GPU that MIG can cut, as data. `memorySlices` is the grid that placements lie on. */
export type GpuModel = {
  /** The id that site files use, for instance `a100-80gb`. */
  readonly id: string
  readonly name: string
  readonly memorySlices: number
  readonly computeSlices: number
  readonly profiles: readonly GpuInstanceProfile[]
  readonly source: string
  /** Absent: cut by MIG. */
  readonly sharing?: Sharing
}

/** The profile with that NVML id; an unknown id is a bug, user input is checked by `config`. */
export function profileById(model: GpuModel, profileId: number): GpuInstanceProfile {
  const found = model.profiles.find((profile) => profile.profileId === profileId)
  assert(found !== undefined, `${model.id} has no GPU instance profile with id ${profileId}`)
  return found
}
