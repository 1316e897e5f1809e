import { must } from '../../src/base/assert.ts'
import { findGpuModel } from '../../src/core/mig/catalog.ts'
import { createSimulatedDevice } from '../../src/devices/simulated/device.ts'
import {
  newNode,
  type SimulatedNode,
  withClient,
  withEvent,
  withLostGpu,
  withoutClient,
} from '../../src/devices/simulated/node.ts'
import { memoryStore, type SimulatedStore } from '../../src/devices/simulated/store.ts'
import { deviceContract, type Scene } from './device.ts'

function sceneOf(store: SimulatedStore, gpu: string): Scene {
  const change = (next: (node: SimulatedNode) => SimulatedNode): Promise<void> =>
    store.update((node) => ({ node: next(node), value: undefined }))
  return {
    attach: (client) => change((node) => withClient(node, gpu, { ...client, memoryMiB: 100 })),
    leave: (pid, lingering) => change((node) => withoutClient(node, gpu, pid, lingering)),
    lose: () => change((node) => withLostGpu(node, gpu)),
    xid: (xid, gpuInstanceId) =>
      change((node) =>
        withEvent(node, { kind: 'xid', gpu, xid, gpuInstanceId, computeInstanceId: null }),
      ),
    fail: (call, code, { times, outcome }) =>
      change((node) => ({
        ...node,
        faults: [...node.faults, { call, gpu, code, after: 0, times, outcome }],
      })),
  }
}

deviceContract('simulated device', async (model, migMode) => {
  const store = memoryStore(newNode([must(findGpuModel(model))], migMode))
  const device = createSimulatedDevice({ store, sleep: async () => undefined })
  const gpu = must((await device.gpus())[0]).uuid
  return { device, scene: sceneOf(store, gpu) }
})
