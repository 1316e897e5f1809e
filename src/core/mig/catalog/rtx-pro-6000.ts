import type { GpuModel } from '../gpu-model.ts'
import { profileOf, type Width } from './four-slice.ts'

const one: Width = {
  computeSlices: 1,
  size: 3,
  starts: [0, 3, 6, 9],
  memoryMiB: 24192,
  multiprocessorCount: 46,
}
const two: Width = {
  computeSlices: 2,
  size: 6,
  starts: [0, 6],
  memoryMiB: 48512,
  multiprocessorCount: 94,
}
const four: Width = {
  computeSlices: 4,
  size: 12,
  starts: [0],
  memoryMiB: 97408,
  multiprocessorCount: 188,
}

/**
 * `nvidia-smi mig -lgip`, `-lgipp` and `-lgi` of one bare-metal board: a grid of twelve memory
 * slices, so sizes are no powers of two. A host in vGPU mode reports some 1 GiB less per width.
 * What `+me.all` excludes is stated in NVIDIA's nvml.h at the profile constants.
 */
export const rtxPro6000: GpuModel = {
  id: 'rtx-pro-6000',
  name: 'NVIDIA RTX PRO 6000 Blackwell 96GB',
  memorySlices: 12,
  computeSlices: 4,
  profiles: [
    profileOf(one, { profileId: 14, name: '1g.24gb', attribute: 'base', instanceCountMax: 4 }),
    profileOf(one, { profileId: 21, name: '1g.24gb+me', attribute: '+me', instanceCountMax: 1 }),
    profileOf(one, { profileId: 47, name: '1g.24gb+gfx', attribute: '+gfx', instanceCountMax: 4 }),
    profileOf(one, {
      profileId: 65,
      name: '1g.24gb+me.all',
      attribute: '+me.all',
      instanceCountMax: 1,
    }),
    profileOf(one, { profileId: 67, name: '1g.24gb-me', attribute: '-me', instanceCountMax: 4 }),
    profileOf(two, { profileId: 5, name: '2g.48gb', attribute: 'base', instanceCountMax: 2 }),
    profileOf(two, { profileId: 35, name: '2g.48gb+gfx', attribute: '+gfx', instanceCountMax: 2 }),
    profileOf(two, {
      profileId: 64,
      name: '2g.48gb+me.all',
      attribute: '+me.all',
      instanceCountMax: 1,
    }),
    profileOf(two, { profileId: 66, name: '2g.48gb-me', attribute: '-me', instanceCountMax: 2 }),
    profileOf(four, { profileId: 0, name: '4g.96gb', attribute: 'base', instanceCountMax: 1 }),
    profileOf(four, { profileId: 32, name: '4g.96gb+gfx', attribute: '+gfx', instanceCountMax: 1 }),
  ],
  source: 'nvidia-smi -lgip, -lgipp and -lgi listings of an RTX PRO 6000 Blackwell',
}
