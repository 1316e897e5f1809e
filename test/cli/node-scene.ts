import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { must } from '../../src/base/assert.ts'
import type { GpuInstance } from '../../src/devices/device.ts'
import type { Fault } from '../../src/devices/simulated/faults.ts'
import { fileStore } from '../../src/devices/simulated/file/file-store.ts'
import type { SimulatedGpu } from '../../src/devices/simulated/gpu.ts'
import type { SimulatedNode } from '../../src/devices/simulated/node.ts'
import type { SimulatedStore } from '../../src/devices/simulated/store.ts'
import { type DeviceSpec, nodeFolder, parseDeviceSpec } from '../../src/runtime/node/open-device.ts'
import { openNode } from '../../src/runtime/node/open-node.ts'
import { type CliAnswer, type RunningCli, runCli, startCli } from './run-cli.ts'

/** A simulated node in a folder of its own, for the built command line to work on. */
export type NodeScene = {
  readonly folder: string
  readonly run: (command: string, ...rest: readonly string[]) => CliAnswer
  /** No file that it writes may grow beyond so many kilobytes. */
  readonly runLimited: (kilobytes: number, command: string, ...rest: readonly string[]) => CliAnswer
  readonly start: (command: string, ...rest: readonly string[]) => RunningCli
  readonly write: (name: string, value: unknown) => string
  readonly node: () => Promise<SimulatedNode>
  readonly change: (gpu: (gpu: SimulatedGpu) => SimulatedGpu) => Promise<void>
  readonly fail: (...faults: readonly Partial<Fault>[]) => Promise<void>
  /** Takes the node for this process; what comes back releases it. */
  readonly hold: () => Promise<() => Promise<void>>
  /** `profile@start` by GPU. */
  readonly layouts: () => Promise<readonly string[]>
}

export function nodeScene(device: string): NodeScene {
  const folder = mkdtempSync(join(tmpdir(), 'migrator-cli-node-'))
  const words = ['--device', device, '--state-dir', join(folder, 'state')]
  const store = storeOf(device, join(folder, 'state'))
  return {
    folder,
    run: (command, ...rest) => runCli([command, ...words, ...rest], { cwd: folder }),
    runLimited: (kilobytes, command, ...rest) =>
      runCli([command, ...words, ...rest], { cwd: folder, kilobytes }),
    start: (command, ...rest) => startCli([command, ...words, ...rest]),
    write: (name, value) => {
      const path = join(folder, name)
      writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value))
      return path
    },
    node: store.read,
    change: (next) =>
      store.update((node) => ({ node: { ...node, gpus: node.gpus.map(next) }, value: undefined })),
    fail: (...faults) =>
      store.update((node) => {
        const full = faults.map((own): Fault => ({ ...lasting, ...own }))
        return { node: { ...node, faults: full }, value: undefined }
      }),
    hold: async () => (await openNode(specOf(device), join(folder, 'state'))).close,
    layouts: async () =>
      (await store.read()).gpus.map(({ instances }) => instances.map(print).join(' ')),
  }
}

const lasting: Fault = {
  call: 'any',
  gpu: 'any',
  code: 'NVML_ERROR_NOT_SUPPORTED',
  after: 0,
  times: null,
  outcome: 'refused',
}

function storeOf(device: string, folder: string): SimulatedStore {
  const spec = specOf(device)
  const own = nodeFolder(spec, folder)
  mkdirSync(own, { recursive: true })
  return fileStore(join(own, 'gpus.json'), spec.models)
}

function specOf(device: string): Extract<DeviceSpec, { readonly kind: 'simulated' }> {
  const parsed = parseDeviceSpec(device)
  if (parsed.kind !== 'parsed' || parsed.spec.kind !== 'simulated') throw new Error(device)
  return parsed.spec
}

function print({ profileId, placement }: GpuInstance): string {
  return `${profileId}@${placement.start}`
}

/** A mig-parted file with a configuration for each of those names. */
export const migParted = `
version: v1
mig-configs:
  small:
    - devices: all
      mig-enabled: true
      mig-devices: {"1g.10gb": 7}
  halves:
    - devices: all
      mig-enabled: true
      mig-devices: {"3g.40gb": 2}
  uneven:
    - devices: [0]
      mig-enabled: true
      mig-devices: {"4g.40gb": 1, "3g.40gb": 1}
`

/** A process on every instance of the node. */
export function occupied(gpu: SimulatedGpu, pid: number): SimulatedGpu {
  const clients = gpu.instances.map(({ id, computeInstances }) => ({
    pid,
    gpuInstanceId: id,
    computeInstanceId: must(computeInstances[0]).id,
    memoryMiB: 100,
    isMonitor: false,
  }))
  return { ...gpu, clients }
}
