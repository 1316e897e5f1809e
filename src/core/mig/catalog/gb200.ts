import type { GpuModel } from '../gpu-model.ts'
import { sevenSliceProfiles } from './seven-slice.ts'

/**
 * Memory and multiprocessors of the listings in NVIDIA/mig-parted issue 227 and NVIDIA/gpu-operator
 * pull request 1303; an older driver calls the first row 1g.24gb (same id 19) with 20480 MiB. Rows
 * they lack stay undefined; the placements are inferred from ids, counts and memory.
 */
export const gb200: GpuModel = {
  id: 'gb200',
  name: 'NVIDIA GB200 186GB',
  memorySlices: 8,
  computeSlices: 7,
  profiles: sevenSliceProfiles('inferred', [
    ['1g', '1g.23gb', 22528, 18],
    ['1g+me', '1g.23gb+me', 22528, 18],
    ['1g double', '1g.47gb', 46592, 32],
    ['2g', '2g.47gb', 46592, 38],
    ['3g', '3g.93gb', undefined, undefined],
    ['4g', '4g.93gb', undefined, undefined],
    ['7g', '7g.186gb', undefined, undefined],
  ]),
  source: 'nvidia-smi listings in mig-parted issue 227, gpu-operator pull request 1303',
}
