import { afterEach, describe, expect, test } from 'vitest'
import { must } from '../../src/base/assert.ts'
import { findGpuModel } from '../../src/core/mig/catalog.ts'
import type { Layout } from '../../src/core/mig/layout.ts'
import type { Device } from '../../src/devices/device.ts'
import type * as OpenNvml from '../../src/devices/nvml/open-nvml.ts'
import { disagreements } from '../../src/reconfigure/agreement.ts'
import { openBook } from '../../src/reconfigure/book.ts'
import type * as ChangeLayout from '../../src/reconfigure/change-layout.ts'
import { memoryJournal } from '../../src/reconfigure/journal.ts'
import { built } from '../built.ts'
import { compiler, fakeNvml } from '../fakes/nvml/fake-nvml.ts'
import { isNvmlRequired } from '../nvidia-packages.ts'
import { layoutNames, maximalLayouts, quickPatience } from '../reconfigure-bench.ts'

const hasFake = compiler() !== null || isNvmlRequired
if (!hasFake) test.skip('no C compiler, so no fake NVML library to change layouts on', () => {})

const open = new Set<Device>()
afterEach(async () => {
  for (const device of open) await device.close()
  open.clear()
})

/** Everything as it was built, so that there is one DeviceError. */
async function start(library: string) {
  const { openNvml } = await built<typeof OpenNvml>('devices/nvml/open-nvml.js')
  const change = await built<typeof ChangeLayout>('reconfigure/change-layout.js')
  const device = await openNvml({ library })
  open.add(device)
  const gpu = must((await device.gpus())[0]).uuid
  const book = openBook(memoryJournal())
  const context = { device, book, sleep: async () => undefined, patience: quickPatience }
  return {
    changeTo: async (layout: Layout) => {
      const wanted = change.wantedOf(layout)
      const planned = await change.planChange(context, [{ gpu, wanted }])
      if (planned.kind === 'refused') throw new Error(JSON.stringify(planned.refusals))
      return change.carryOut(context, planned.gpus, { why: 'test' })
    },
    state: async () => {
      const instances = await device.gpuInstances(gpu)
      return {
        layout: instances.map((own) => `${own.profileId}@${own.placement.start}`),
        breaches: disagreements(book.ledger(), gpu, instances, []),
      }
    },
  }
}

describe.runIf(hasFake)('changing layouts through NVML', () => {
  const layouts = maximalLayouts(must(findGpuModel('a100-40gb')))

  test.each([0, 1])(
    'goes from each to the next (a driver naming MIG devices: %i)',
    async (isMig) => {
      const fake = fakeNvml('a100-40gb')
      fake.control(`ci-device-is-mig ${isMig}`)
      const { changeTo, state } = await start(fake.library)
      for (const layout of layouts) {
        expect((await changeTo(layout)).kind).toBe('done')
        expect(await state()).toEqual({ layout: layoutNames(layout), breaches: [] })
      }
      expect(fake.control('calls nvmlInit_v2')).toBe(1)
    },
  )

  test('what NVML refuses in the middle is taken back', async () => {
    const fake = fakeNvml('a100-40gb')
    const { changeTo, state } = await start(fake.library)
    const [first, second] = [must(layouts[0]), must(layouts[1])]
    await changeTo(first)
    fake.control('rule nvmlGpuInstanceCreateComputeInstanceWithPlacement 0 1 23 0 0')
    const outcome = await changeTo(second)
    expect(outcome).toMatchObject({ kind: 'failed', result: 'rolled-back' })
    expect(await state()).toEqual({ layout: layoutNames(first), breaches: [] })
  })
})
