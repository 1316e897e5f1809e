import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { hash64 } from '../../base/hash.ts'
import { findGpuModel, gpuModels } from '../../core/mig/catalog.ts'
import type { GpuModel } from '../../core/mig/gpu-model.ts'
import type { Device } from '../../devices/device.ts'

/** Which GPUs are meant: the driver's, or simulated ones whose state is in a file. */
export type DeviceSpec =
  | { readonly kind: 'nvml'; readonly library: string | null }
  | { readonly kind: 'simulated'; readonly models: readonly GpuModel[] }

export type ParsedDeviceSpec =
  | { readonly kind: 'parsed'; readonly spec: DeviceSpec }
  | { readonly kind: 'malformed'; readonly what: string }

const gpusMax = 64

/** `nvml`, `nvml:/path/to/library.so`, `simulated:a100-80gb` or `simulated:2xa30,h100-80gb`. */
export function parseDeviceSpec(text: string): ParsedDeviceSpec {
  const [kind, ...rest] = text.split(':')
  const value = rest.join(':')
  if (kind === 'nvml') {
    return { kind: 'parsed', spec: { kind, library: value === '' ? null : value } }
  }
  const form = 'nvml, nvml:LIBRARY or simulated:[COUNTx]MODEL[,MODEL…]'
  if (kind !== 'simulated') return { kind: 'malformed', what: `accepted is ${form}` }
  const models: GpuModel[] = []
  for (const part of value.split(',')) {
    const match = /^(?:([1-9]\d?)x)?([a-z0-9-]+)$/.exec(part)
    const model = match?.[2] === undefined ? undefined : findGpuModel(match[2])
    if (model === undefined) {
      const known = gpuModels.map(({ id }) => id).join(', ')
      return { kind: 'malformed', what: `"${part}" is no MODEL or COUNTxMODEL of ${known}` }
    }
    models.push(...Array.from({ length: Number(match?.[1] ?? 1) }, () => model))
  }
  if (models.length > gpusMax) {
    return { kind: 'malformed', what: `a node has at most ${gpusMax} GPUs` }
  }
  return { kind: 'parsed', spec: { kind: 'simulated', models } }
}

/**
 * Where journal and state of these GPUs lie under the state folder. Simulated nodes have one each:
 * their GPUs are others, though they may be called the same.
 */
export function nodeFolder(spec: DeviceSpec, folder: string): string {
  if (spec.kind === 'nvml') return folder
  const runs: { readonly id: string; count: number }[] = []
  for (const { id } of spec.models) {
    const last = runs.at(-1)
    if (last?.id === id) last.count += 1
    else runs.push({ id, count: 1 })
  }
  const name = runs.map(({ id, count }) => (count === 1 ? id : `${count}x${id}`)).join('+')
  // File systems take 255 bytes.
  return join(folder, `simulated-${name.length <= 200 ? name : hash64(name)}`)
}

/** `folder` keeps the state of simulated GPUs; real ones keep their own. */
export async function openDevice(spec: DeviceSpec, folder: string): Promise<Device> {
  if (spec.kind === 'nvml') {
    const { openNvml } = await import('../../devices/nvml/open-nvml.ts')
    return openNvml(spec.library === null ? {} : { library: spec.library })
  }
  // Each kind is loaded where it is asked for: a short program starts the sooner.
  const [{ createSimulatedDevice }, { fileStore }] = await Promise.all([
    import('../../devices/simulated/device.ts'),
    import('../../devices/simulated/file/file-store.ts'),
  ])
  const store = fileStore(join(folder, 'gpus.json'), spec.models)
  return createSimulatedDevice({ store, sleep: (seconds) => wait(seconds * 1000) })
}
