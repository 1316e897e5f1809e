import type { GpuModel } from '../gpu-model.ts'
import { sevenSliceProfiles } from './seven-slice.ts'

/**
 * go-nvml's pkg/nvml/mock/gpus/a100.go and a listing in NVIDIA/mig-parted issue 97. Drivers report
 * 1g with 9728, 9856 or 9984 MiB and 7g with 80384 or 80896; the least is taken, so that what fits
 * in the table fits on the board.
 */
export const a100Gb80: GpuModel = {
  id: 'a100-80gb',
  name: 'NVIDIA A100 80GB',
  memorySlices: 8,
  computeSlices: 7,
  profiles: sevenSliceProfiles('documented', [
    ['1g', '1g.10gb', 9728, 14],
    ['1g+me', '1g.10gb+me', 9728, 14],
    ['1g double', '1g.20gb', 19968, 14],
    ['2g', '2g.20gb', 19968, 28],
    ['3g', '3g.40gb', 40192, 42],
    ['4g', '4g.40gb', 40192, 56],
    ['7g', '7g.80gb', 80384, 98],
  ]),
  source: 'go-nvml a100.go; nvidia-smi listing in NVIDIA/mig-parted issue 97',
}
