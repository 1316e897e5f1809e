import type { GpuModel } from '../../core/mig/gpu-model.ts'
import type { GpuCall } from '../device.ts'

/** Seconds by compute slices of the GPU instance, its one compute instance included. */
type Durations = {
  readonly create: Readonly<Record<number, number>>
  readonly destroy: Readonly<Record<number, number>>
}

/**
 * Measured through NVML by the authors of FAR (Villarrubia, Costero, Igual, Olcoz; MIT licence):
 * constants in its code for A30, A100 and H100.
 */
const measured: Readonly<Record<'a30' | 'a100' | 'h100', Durations>> = {
  a30: { create: { 1: 0.11, 2: 0.12, 4: 0.13 }, destroy: { 1: 0.1, 2: 0.1, 4: 0.1 } },
  a100: {
    create: { 1: 0.16, 2: 0.17, 3: 0.2, 4: 0.21, 7: 0.24 },
    destroy: { 1: 0.2, 2: 0.2, 3: 0.21, 4: 0.21, 7: 0.22 },
  },
  h100: {
    create: { 1: 0.16, 2: 0.21, 3: 0.33, 4: 0.38, 7: 0.42 },
    destroy: { 1: 0.21, 2: 0.23, 3: 0.25, 4: 0.26, 7: 0.26 },
  },
}

/**
 * How long the call takes, in seconds. The sources time a GPU instance and its compute instance
 * together; the GPU instance's call is charged for both. Boards newer than an H100 take its times,
 * since no measurement of them was found. Other calls are as good as immediate.
 */
export function callSeconds(model: GpuModel, call: GpuCall, computeSlices: number): number {
  const durations = measured[familyOf(model)]
  if (call === 'createGpuInstance') return durations.create[computeSlices] ?? 0
  if (call === 'destroyGpuInstance') return durations.destroy[computeSlices] ?? 0
  return 0
}

function familyOf({ id }: GpuModel): keyof typeof measured {
  if (id === 'a30') return 'a30'
  return id.startsWith('a100') ? 'a100' : 'h100'
}
