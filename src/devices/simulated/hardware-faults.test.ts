import { expect, test } from 'vitest'
import { must } from '../../base/assert.ts'
import { findGpuModel } from '../../core/mig/catalog.ts'
import type { DeviceEvent } from '../device.ts'
import { createSimulatedDevice } from './device.ts'
import { type HardwareFault, withHardwareFault } from './hardware-faults.ts'
import { newNode } from './node.ts'
import { memoryStore } from './store.ts'

/** What a device tells of a fault, and whether its GPU is reached afterwards. */
async function struck(fault: HardwareFault, gpuInstanceId: number | null) {
  const store = memoryStore(newNode([must(findGpuModel('a30'))]))
  const device = createSimulatedDevice({ store, sleep: async () => undefined })
  const gpu = must((await device.gpus())[0]).uuid
  const events = await device.events()
  await store.update((node) => ({
    node: withHardwareFault(node, fault, { gpu, gpuInstanceId }),
    value: null,
  }))
  const isReached = await device.migMode(gpu).then(
    () => true,
    () => false,
  )
  await store.update((node) => ({
    node: withHardwareFault(node, 'page-fault', end(gpu)),
    value: 0,
  }))
  const told: DeviceEvent[] = []
  for await (const event of events) {
    if (event.kind === 'xid' && event.gpuInstanceId === 99) break
    told.push(event)
  }
  return { told: told.map((own) => ({ ...own, gpu: own.gpu === gpu })), isReached }
}

/** Marks the end of what is listened to. */
function end(gpu: string) {
  return { gpu, gpuInstanceId: 99 }
}

test('a memory error is told with the GPU instance that it struck', async () => {
  const xid = { kind: 'xid', gpu: true, xid: 95, gpuInstanceId: 3, computeInstanceId: null }
  expect(await struck('uncontained-memory-error', 3)).toEqual({ told: [xid], isReached: true })
})

test('a GPU that falls off the bus says so, whole, and is reached no more', async () => {
  const xid = { kind: 'xid', gpu: true, xid: 79, gpuInstanceId: null, computeInstanceId: null }
  const lost = { kind: 'gpu-lost', gpu: true }
  expect(await struck('off-the-bus', 3)).toEqual({ told: [xid, lost], isReached: false })
})
