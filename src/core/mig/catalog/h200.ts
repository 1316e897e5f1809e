import type { GpuModel } from '../gpu-model.ts'
import { sevenSliceProfiles } from './seven-slice.ts'

/**
 * Memory and multiprocessors of the listing in NVIDIA/mig-parted issue 120; placements from the
 * emulated H200 of openshift/instaslice-operator (test/utils/emulated.go).
 */
export const h200: GpuModel = {
  id: 'h200-141gb',
  name: 'NVIDIA H200 141GB',
  memorySlices: 8,
  computeSlices: 7,
  profiles: sevenSliceProfiles('documented', [
    ['1g', '1g.18gb', 16384, 16],
    ['1g+me', '1g.18gb+me', 16384, 16],
    ['1g double', '1g.35gb', 33024, 26],
    ['2g', '2g.35gb', 33024, 32],
    ['3g', '3g.71gb', 71168, 60],
    ['4g', '4g.71gb', 71168, 64],
    ['7g', '7g.141gb', 143104, 132],
  ]),
  source: 'nvidia-smi listing in NVIDIA/mig-parted issue 120; instaslice emulated.go',
}
