import type { GpuModel } from '../core/mig/gpu-model.ts'
import { type Gpu, type GpuInstanceProfileInfo, geometryOf } from '../devices/device.ts'

/**
 * The geometry of a GPU as its own driver tells it: names and memory differ between drivers, so on
 * a node nothing is taken from a table. Profiles are known by id.
 */
export function driverModel(gpu: Gpu, profiles: readonly GpuInstanceProfileInfo[]): GpuModel {
  const ends = profiles.flatMap((own) =>
    own.possiblePlacements.map(({ start, size }) => start + size),
  )
  return {
    id: gpu.name,
    name: gpu.name,
    memorySlices: Math.max(0, ...ends),
    computeSlices: Math.max(0, ...profiles.map(({ sliceCount }) => sliceCount)),
    profiles: profiles.map(geometryOf),
    source: 'NVML',
  }
}
