import { must } from '../../base/assert.ts'
import { hash64 } from '../../base/hash.ts'
import type { GpuModel } from '../../core/mig/gpu-model.ts'
import type { DeviceEvent, MigMode } from '../device.ts'
import type { Fault } from './faults.ts'
import type { Client, SimulatedGpu } from './gpu.ts'

/** A node with simulated GPUs, as plain data that a file can hold. */
export type SimulatedNode = {
  readonly format: 'migrator-simulated-node-1'
  readonly gpus: readonly SimulatedGpu[]
  readonly faults: readonly Fault[]
  /** The newest events, numbered without a gap; the newest has number `eventsMade`. */
  readonly events: readonly DeviceEvent[]
  readonly eventsMade: number
}

const eventsKept = 256

/** A node that nobody has used yet. Equal arguments give equal uuids. */
export function newNode(models: readonly GpuModel[], migMode: MigMode = 'enabled'): SimulatedNode {
  return {
    format: 'migrator-simulated-node-1',
    gpus: models.map((model, index) => ({
      modelId: model.id,
      uuid: gpuUuid(model, index),
      index,
      pciBusId: `00000000:${(0x10 + index).toString(16).toUpperCase()}:00.0`,
      currentMode: migMode,
      pendingMode: migMode,
      isLost: false,
      instances: [],
      clients: [],
      lingering: 0,
    })),
    faults: [],
    events: [],
    eventsMade: 0,
  }
}

export function withGpu(
  node: SimulatedNode,
  uuid: string,
  change: (gpu: SimulatedGpu) => SimulatedGpu,
): SimulatedNode {
  must(
    node.gpus.find((own) => own.uuid === uuid),
    `No GPU ${uuid}`,
  )
  return { ...node, gpus: node.gpus.map((own) => (own.uuid === uuid ? change(own) : own)) }
}

export function withEvent(node: SimulatedNode, event: DeviceEvent): SimulatedNode {
  const events = [...node.events, event].slice(-eventsKept)
  return { ...node, events, eventsMade: node.eventsMade + 1 }
}

/** Events with numbers above `seen`; those that were dropped in the meantime are lost. */
export function eventsAfter(node: SimulatedNode, seen: number): readonly DeviceEvent[] {
  const count = Math.min(node.events.length, node.eventsMade - seen)
  return count <= 0 ? [] : node.events.slice(-count)
}

export function withClient(node: SimulatedNode, gpu: string, client: Client): SimulatedNode {
  return withGpu(node, gpu, (own) => ({ ...own, clients: [...own.clients, client] }))
}

/** The client goes; `lingering` destroys are still refused after it. */
export function withoutClient(
  node: SimulatedNode,
  gpu: string,
  pid: number,
  lingering = 0,
): SimulatedNode {
  return withGpu(node, gpu, (own) => ({
    ...own,
    clients: own.clients.filter((client) => client.pid !== pid),
    lingering,
  }))
}

/** Off the bus: every call on it is refused from now on. */
export function withLostGpu(node: SimulatedNode, gpu: string): SimulatedNode {
  const lost = withGpu(node, gpu, (own) => ({ ...own, isLost: true }))
  return withEvent(lost, { kind: 'gpu-lost', gpu })
}

function gpuUuid({ id }: GpuModel, index: number): string {
  const hex = hash64(`${id}/${index}`) + hash64(`${id}/${index}/low`)
  const [a, b, c, d] = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(13, 16), hex.slice(17, 20)]
  return `GPU-${a}-${b}-4${c}-a${d}-${hex.slice(20, 32)}`
}
