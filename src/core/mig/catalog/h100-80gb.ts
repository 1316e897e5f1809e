import type { GpuModel } from '../gpu-model.ts'
import { sevenSliceProfiles } from './seven-slice.ts'

/**
 * `nvidia-smi mig -lgip` of an H100 SXM in three public listings that agree; placements from
 * kubernetes-sigs/dra-driver-nvidia-gpu pull request 1018. An H100 PCIe has 114 multiprocessors in
 * 7g. go-nvml's h100.go (rounded memory, other placements) disagrees with hardware and is not used.
 */
export const h100Gb80: GpuModel = {
  id: 'h100-80gb',
  name: 'NVIDIA H100 80GB',
  memorySlices: 8,
  computeSlices: 7,
  profiles: sevenSliceProfiles('documented', [
    ['1g', '1g.10gb', 9984, 16],
    ['1g+me', '1g.10gb+me', 9984, 16],
    ['1g double', '1g.20gb', 20096, 26],
    ['2g', '2g.20gb', 20096, 32],
    ['3g', '3g.40gb', 40448, 60],
    ['4g', '4g.40gb', 40448, 64],
    ['7g', '7g.80gb', 81152, 132],
  ]),
  source:
    'nvidia-smi listings of H100 SXM boards; placements: dra-driver-nvidia-gpu pull request 1018',
}
