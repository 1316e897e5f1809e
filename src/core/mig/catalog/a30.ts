import type { GpuModel } from '../gpu-model.ts'
import { profileOf, type Width } from './four-slice.ts'

const one: Width = {
  computeSlices: 1,
  size: 1,
  starts: [0, 1, 2, 3],
  memoryMiB: 5952,
  multiprocessorCount: 14,
}
const two: Width = {
  computeSlices: 2,
  size: 2,
  starts: [0, 2],
  memoryMiB: 11968,
  multiprocessorCount: 28,
}
const four: Width = {
  computeSlices: 4,
  size: 4,
  starts: [0],
  memoryMiB: 24000,
  multiprocessorCount: 56,
}

/**
 * Ids and memory of an `nvidia-smi mig -lgip` listing (5.81, 11.69, 23.44 GiB), placements of
 * go-nvml's pkg/nvml/mock/gpus/a30.go. NVML itself reports wrong instance counts on this board
 * (NVIDIA/mig-parted pkg/mig/discovery/discovery.go corrects them), so the counts follow from the
 * placements. The id of 2g.12gb+me was not found in a listing.
 */
export const a30: GpuModel = {
  id: 'a30',
  name: 'NVIDIA A30 24GB',
  memorySlices: 4,
  computeSlices: 4,
  profiles: [
    profileOf(one, { profileId: 14, name: '1g.6gb', attribute: 'base', instanceCountMax: 4 }),
    profileOf(one, { profileId: 21, name: '1g.6gb+me', attribute: '+me', instanceCountMax: 1 }),
    profileOf(two, { profileId: 5, name: '2g.12gb', attribute: 'base', instanceCountMax: 2 }),
    profileOf(
      two,
      { profileId: 6, name: '2g.12gb+me', attribute: '+me', instanceCountMax: 1 },
      'inferred',
    ),
    profileOf(four, { profileId: 0, name: '4g.24gb', attribute: 'base', instanceCountMax: 1 }),
  ],
  source: 'nvidia-smi -lgip listing of an A30; go-nvml a30.go; mig-parted discovery.go',
}
