import { expect, test } from 'vitest'
import { must } from '../../base/assert.ts'
import { findGpuModel } from '../../core/mig/catalog.ts'
import type { Device } from '../device.ts'
import { createSimulatedDevice } from './device.ts'
import { newNode } from './node.ts'
import { memoryStore } from './store.ts'

const modelOf = (id: string) => must(findGpuModel(id))

/** A device whose waits are noted instead of waited for. */
function noted(models: readonly string[]) {
  const slept: number[] = []
  const store = memoryStore(newNode(models.map(modelOf)))
  const sleep = async (seconds: number): Promise<void> => void slept.push(seconds)
  return { device: createSimulatedDevice({ store, sleep }), slept }
}

async function uuids(device: Device): Promise<readonly string[]> {
  return (await device.gpus()).map(({ uuid }) => uuid)
}

test.each([
  ['a30', 4, 0, 0.13, 0.1],
  ['a100-80gb', 4, 5, 0.21, 0.21],
  ['h100-80gb', 4, 5, 0.38, 0.26],
  ['b200', 4, 5, 0.38, 0.26],
])(
  'a 4g on %s takes as long as was measured there or on an H100',
  async (id, size, profileId, create, destroy) => {
    const { device, slept } = noted([id])
    const gpu = must((await uuids(device))[0])
    const made = await device.createGpuInstance(gpu, { profileId, placement: { start: 0, size } })
    await device.gpuInstances(gpu)
    await device.destroyGpuInstance(gpu, made)
    expect(slept).toEqual([create, destroy])
  },
)

test('a refusal takes no time', async () => {
  const { device, slept } = noted(['a100-80gb'])
  const gpu = must((await uuids(device))[0])
  const wanted = { profileId: 5, placement: { start: 4, size: 4 } }
  await expect(device.createGpuInstance(gpu, wanted)).rejects.toThrow(/can lie at 0:4 only/)
  expect(slept).toEqual([])
})

test('calls on one GPU wait for each other, on two GPUs they do not', async () => {
  const waits: { readonly seconds: number; readonly go: () => void }[] = []
  const store = memoryStore(newNode([modelOf('a30'), modelOf('a30')]))
  const sleep = (seconds: number) =>
    new Promise<void>((go) => void waits.push({ seconds, go: () => go() }))
  const device = createSimulatedDevice({ store, sleep })
  const [one, two] = await uuids(device)
  const wanted = (start: number) => ({ profileId: 14, placement: { start, size: 1 } })
  const order: string[] = []
  const calls = [
    device.createGpuInstance(must(one), wanted(0)).then(() => order.push('first')),
    device.createGpuInstance(must(one), wanted(1)).then(() => order.push('second')),
    device.createGpuInstance(must(two), wanted(0)).then(() => order.push('other')),
  ]
  while (waits.length < 2) await Promise.resolve()
  for (let i = 0; i < 100; i += 1) await Promise.resolve()
  expect(waits).toHaveLength(2)
  waits[1]?.go()
  await calls[2]
  waits[0]?.go()
  await calls[0]
  while (waits.length < 3) await Promise.resolve()
  waits[2]?.go()
  await calls[1]
  expect(order).toEqual(['other', 'first', 'second'])
})

test('nodes made alike have the same uuids, GPUs of one node have their own', async () => {
  const [one, two] = await uuids(noted(['a30', 'a30']).device)
  expect(one).not.toBe(two)
  expect(await uuids(noted(['a30', 'a30']).device)).toEqual([one, two])
})

test('what is made again at the same place has the same uuid again', async () => {
  const { device } = noted(['a30'])
  const gpu = must((await uuids(device))[0])
  const make = async () => {
    const host = await device.createGpuInstance(gpu, {
      profileId: 14,
      placement: { start: 3, size: 1 },
    })
    const whole = { profileId: 0, placement: { start: 0, size: 1 } }
    return { host, inner: await device.createComputeInstance(gpu, host, whole) }
  }
  const { host, inner } = await make()
  await device.destroyComputeInstance(gpu, host, inner)
  await device.destroyGpuInstance(gpu, host)
  expect((await make()).inner).toEqual(inner)
})
