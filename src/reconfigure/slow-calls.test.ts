import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { must } from '../base/assert.ts'
import { findGpuModel } from '../core/mig/catalog.ts'
import { createSimulatedDevice } from '../devices/simulated/device.ts'
import type { Fault } from '../devices/simulated/faults.ts'
import { newNode } from '../devices/simulated/node.ts'
import { memoryStore } from '../devices/simulated/store.ts'
import { openBook } from './book.ts'
import { carryOut, planChange } from './change-layout.ts'
import { memoryJournal } from './journal.ts'
import { usualPatience } from './persist.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Two GPUs in scaled time: every wait is a fake timer's. */
async function scene(fault: Pick<Fault, 'call' | 'times'>) {
  const model = must(findGpuModel('a100-40gb'))
  const store = memoryStore(newNode([model, model]))
  const sleep = (seconds: number) =>
    new Promise<void>((resolve) => void setTimeout(resolve, seconds * 1000))
  const device = createSimulatedDevice({ store, sleep })
  const [slow, other] = (await device.gpus()).map(({ uuid }) => uuid)
  const code = 'NVML_ERROR_UNKNOWN' as const
  const whole: Fault = { ...fault, gpu: must(slow), code, after: 0, outcome: 'slow' }
  await store.update((node) => ({ node: { ...node, faults: [whole] }, value: undefined }))
  const book = openBook(memoryJournal())
  const context = { device, book, sleep, patience: usualPatience }
  const change = async (gpu: string) => {
    const wanted = [{ profileId: 9, placement: { start: 0, size: 4 } }]
    const planned = await planChange(context, [{ gpu, wanted }])
    if (planned.kind === 'refused') throw new Error('refused')
    return carryOut(context, planned.gpus, { why: 'test' })
  }
  return { device, change, slow: must(slow), other: must(other) }
}

/** The fake seconds after which it came back. */
async function secondsOf<T>(run: () => Promise<T>): Promise<{ at: () => number | null }> {
  const from = Date.now()
  let ended: number | null = null
  void run().then(() => {
    ended = (Date.now() - from) / 1000
  })
  return { at: () => ended }
}

test.each(['createGpuInstance', 'gpuInstances', 'migMode', 'createComputeInstance'] as const)(
  'while %s takes 10 s on one GPU, the other is changed and read as ever',
  async (call) => {
    const { device, change, slow, other } = await scene({ call, times: 1 })
    const first = await secondsOf(() => change(slow))
    const second = await secondsOf(() => change(other))
    const read = await secondsOf(() => device.gpuInstances(other))
    await vi.advanceTimersByTimeAsync(1000)
    expect(second.at()).toBeLessThan(0.5)
    expect(read.at()).toBeLessThan(0.5)
    expect(first.at()).toBeNull()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(first.at()).toBeGreaterThan(10)
    expect(first.at()).toBeLessThan(10.5)
  },
)

test('a GPU whose every call takes 10 s is changed all the same, in its own time', async () => {
  const { device, change, slow } = await scene({ call: 'any', times: null })
  const ended = await secondsOf(() => change(slow))
  await vi.advanceTimersByTimeAsync(300_000)
  expect(ended.at()).toBeGreaterThan(50)
  const found = device.gpuInstances(slow)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(await found).toHaveLength(1)
})

test('the wall clock may jump while a call is waited for: waits are not read from it', async () => {
  const { change, slow } = await scene({ call: 'createGpuInstance', times: 1 })
  const from = performance.now()
  let seconds = 0
  void change(slow).then(() => {
    seconds = (performance.now() - from) / 1000
  })
  await vi.advanceTimersByTimeAsync(2000)
  vi.setSystemTime(Date.now() - 86_400_000)
  await vi.advanceTimersByTimeAsync(2000)
  vi.setSystemTime(Date.now() + 7 * 86_400_000)
  await vi.advanceTimersByTimeAsync(8000)
  expect(seconds).toBeGreaterThan(10)
  expect(seconds).toBeLessThan(10.5)
})
