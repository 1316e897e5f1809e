import type { GpuModel } from '../gpu-model.ts'
import { sevenSliceProfiles } from './seven-slice.ts'

/**
 * `nvidia-smi mig -lgip` and `-lgipp` as printed in NVIDIA's MIG User Guide (GiB to two places) and
 * go-nvml's pkg/nvml/mock/gpus/a100.go, which agree.
 */
export const a100Gb40: GpuModel = {
  id: 'a100-40gb',
  name: 'NVIDIA A100 40GB',
  memorySlices: 8,
  computeSlices: 7,
  profiles: sevenSliceProfiles('documented', [
    ['1g', '1g.5gb', 4864, 14],
    ['1g+me', '1g.5gb+me', 4864, 14],
    ['1g double', '1g.10gb', 9856, 14],
    ['2g', '2g.10gb', 9856, 28],
    ['3g', '3g.20gb', 19968, 42],
    ['4g', '4g.20gb', 19968, 56],
    ['7g', '7g.40gb', 40192, 98],
  ]),
  source: 'NVIDIA MIG User Guide, -lgip and -lgipp of an A100-SXM4-40GB; go-nvml a100.go',
}
