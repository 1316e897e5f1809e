import { test } from 'vitest'
import type { GpuCall } from '../../src/devices/device.ts'
import type * as OpenNvml from '../../src/devices/nvml/open-nvml.ts'
import { errorNumbers } from '../../src/devices/return-codes.ts'
import { built } from '../built.ts'
import { compiler, type FakeNvml, fakeNvml } from '../fakes/nvml/fake-nvml.ts'
import { isNvmlRequired } from '../nvidia-packages.ts'
import { deviceContract, type Scene } from './device.ts'

/** NVML's function behind each call that a fault can hit. */
const functions: Partial<Record<GpuCall, string>> = {
  createGpuInstance: 'nvmlDeviceCreateGpuInstanceWithPlacement',
  createComputeInstance: 'nvmlGpuInstanceCreateComputeInstanceWithPlacement',
  destroyComputeInstance: 'nvmlComputeInstanceDestroy',
  destroyGpuInstance: 'nvmlGpuInstanceDestroy',
}
const none = 0xffff_ffff

function sceneOf({ control }: FakeNvml): Scene {
  return {
    attach: async ({ pid, gpuInstanceId, computeInstanceId, isMonitor }) => {
      const place = `${gpuInstanceId ?? none} ${computeInstanceId ?? none}`
      control(`client 0 ${pid} ${place} ${isMonitor ? 1 : 0} 104857600`)
    },
    leave: async (pid, lingering) => void control(`leave 0 ${pid} ${lingering}`),
    lose: async () => void control('lose 0'),
    xid: async (xid, gpuInstanceId) => void control(`xid 0 ${xid} ${gpuInstanceId} ${none}`),
    fail: async (call, code, { times, outcome }) => {
      const isDone = outcome === 'done' ? 1 : 0
      control(`rule ${functions[call]} 0 ${times} ${errorNumbers[code]} ${isDone} 0`)
    },
  }
}

if (compiler() === null && !isNvmlRequired) {
  test.skip('no C compiler, so no fake NVML library to run the contract on', () => {})
} else {
  deviceContract('fake NVML library', async (model, migMode) => {
    const { openNvml } = await built<typeof OpenNvml>('devices/nvml/open-nvml.js')
    const fake = fakeNvml(model, { migMode: migMode === 'enabled' ? 1 : 0 })
    const device = await openNvml({ library: fake.library })
    return { device, scene: sceneOf(fake) }
  })
}
