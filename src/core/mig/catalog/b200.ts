import type { GpuModel } from '../gpu-model.ts'
import { sevenSliceProfiles } from './seven-slice.ts'

/**
 * Memory and multiprocessors of the listings in NVIDIA/gpu-operator pull request 1242 and
 * NVIDIA/mig-parted pull requests 166 and 187 (1g: 22528 or 20992 MiB by driver, the least is
 * taken). Rows they lack stay undefined; the placements are inferred from ids, counts and memory.
 */
export const b200: GpuModel = {
  id: 'b200',
  name: 'NVIDIA B200 180GB',
  memorySlices: 8,
  computeSlices: 7,
  profiles: sevenSliceProfiles('inferred', [
    ['1g', '1g.23gb', 20992, 18],
    ['1g+me', '1g.23gb+me', 20992, 18],
    ['1g double', '1g.45gb', 45312, 30],
    ['2g', '2g.45gb', 45312, 36],
    ['3g', '3g.90gb', undefined, undefined],
    ['4g', '4g.90gb', undefined, undefined],
    ['7g', '7g.180gb', undefined, undefined],
  ]),
  source:
    'nvidia-smi listings in gpu-operator pull request 1242, mig-parted pull requests 166, 187',
}
