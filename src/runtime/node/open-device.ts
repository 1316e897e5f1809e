import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { findGpuModel, gpuModels } from '../../core/mig/catalog.ts'
import type { GpuModel } from '../../core/mig/gpu-model.ts'
import type { Device } from '../../devices/device.ts'
import { openNvml } from '../../devices/nvml/open-nvml.ts'
import { createSimulatedDevice } from '../../devices/simulated/device.ts'
import { fileStore } from '../../devices/simulated/file/file-store.ts'

/** Which GPUs are meant: the driver's, or simulated ones whose state is in a file. */
export type DeviceSpec =
  | { readonly kind: 'nvml'; readonly library: string | null }
  | { readonly kind: 'simulated'; readonly models: readonly GpuModel[] }

export type ParsedDeviceSpec =
  | { readonly kind: 'parsed'; readonly spec: DeviceSpec }
  | { readonly kind: 'malformed'; readonly what: string }

const gpusMax = 64

/** `nvml`, `nvml:/path/to/library.so`, `simulated:a100-80gb` or `simulated:a30*2,h100-80gb`. */
export function parseDeviceSpec(text: string): ParsedDeviceSpec {
  const [kind, ...rest] = text.split(':')
  const value = rest.join(':')
  if (kind === 'nvml') {
    return { kind: 'parsed', spec: { kind, library: value === '' ? null : value } }
  }
  const form = 'nvml, nvml:LIBRARY or simulated:MODEL[*COUNT][,MODEL…]'
  if (kind !== 'simulated') return { kind: 'malformed', what: `accepted is ${form}` }
  const models: GpuModel[] = []
  for (const part of value.split(',')) {
    const match = /^([a-z0-9-]+)(?:\*([1-9]\d?))?$/.exec(part)
    const model = match?.[1] === undefined ? undefined : findGpuModel(match[1])
    if (model === undefined) {
      const known = gpuModels.map(({ id }) => id).join(', ')
      return { kind: 'malformed', what: `"${part}" is no MODEL or MODEL*COUNT of ${known}` }
    }
    models.push(...Array.from({ length: Number(match?.[2] ?? 1) }, () => model))
  }
  if (models.length > gpusMax) {
    return { kind: 'malformed', what: `a node has at most ${gpusMax} GPUs` }
  }
  return { kind: 'parsed', spec: { kind: 'simulated', models } }
}

/** `folder` keeps the state of simulated GPUs; real ones keep their own. */
export async function openDevice(spec: DeviceSpec, folder: string): Promise<Device> {
  if (spec.kind === 'nvml') {
    return openNvml(spec.library === null ? {} : { library: spec.library })
  }
  const names = spec.models.map(({ id }) => id).join('+')
  const store = fileStore(join(folder, `simulated-${names}.json`), spec.models)
  return createSimulatedDevice({ store, sleep: (seconds) => wait(seconds * 1000) })
}
