import type { GpuModel } from '../gpu-model.ts'
import { sevenSliceProfiles } from './seven-slice.ts'

/**
 * Memory and multiprocessors of the listings in NVIDIA/gpu-operator pull request 900 and
 * NVIDIA/mig-parted pull request 101; the rows they lack stay undefined. No listing of placements
 * was found: the geometry is inferred from ids, counts and memory, which are those of an H100 80GB.
 */
export const h100Gb94: GpuModel = {
  id: 'h100-94gb',
  name: 'NVIDIA H100 NVL 94GB',
  memorySlices: 8,
  computeSlices: 7,
  profiles: sevenSliceProfiles('inferred', [
    ['1g', '1g.12gb', 11008, undefined],
    ['1g+me', '1g.12gb+me', 11008, undefined],
    ['1g double', '1g.24gb', 22144, 26],
    ['2g', '2g.24gb', 22144, 32],
    ['3g', '3g.47gb', 47488, undefined],
    ['4g', '4g.47gb', undefined, undefined],
    ['7g', '7g.94gb', undefined, undefined],
  ]),
  source: 'nvidia-smi listings in gpu-operator pull request 900, mig-parted pull request 101',
}
