import { describe, expect, test } from 'vitest'
import {
  changeTo,
  layoutNames,
  layoutOn,
  maximalLayouts,
  reconfigureBench,
} from '../../test/reconfigure-bench.ts'
import { must } from '../base/assert.ts'
import { Rng } from '../base/rng.ts'
import type { GpuModel } from '../core/mig/gpu-model.ts'
import { profileById } from '../core/mig/gpu-model.ts'
import { layoutFrom } from '../core/mig/layout.ts'
import { withClient, withoutClient } from '../devices/simulated/node.ts'
import { planChange } from './change-layout.ts'
import { readInventory } from './inventory.ts'
import { ledgerOf } from './ledger.ts'
import { adopt, recover } from './recover.ts'

function layoutOf(model: GpuModel, ...placed: readonly (readonly [number, number])[]) {
  const made = layoutFrom(
    model,
    placed.map(([id, start]) => ({ profile: profileById(model, id), start })),
  )
  if (made.kind !== 'placed') throw new Error(made.kind)
  return made.layout
}

test('every maximal layout of an A100 is reached from every other', async () => {
  const bench = await reconfigureBench('a100-40gb')
  const layouts = maximalLayouts(bench.model)
  for (const from of layouts) {
    for (const to of layouts) {
      await changeTo(bench.start(), from)
      expect((await changeTo(bench.start(), to)).kind).toBe('done')
      expect(await layoutOn(bench)).toEqual(layoutNames(to))
      expect(await bench.disagreements()).toEqual([])
      bench.entries.splice(0, bench.entries.length, {
        kind: 'snapshot',
        ledger: ledgerOf(bench.entries),
      })
    }
  }
})

test('a layout that is there already takes no step and leaves no entry', async () => {
  const bench = await reconfigureBench('a100-40gb')
  const layout = layoutOf(bench.model, [9, 0], [9, 4])
  await changeTo(bench.start(), layout)
  const before = bench.entries.length
  expect(await changeTo(bench.start(), layout)).toEqual({ kind: 'done', steps: 0 })
  expect(bench.entries).toHaveLength(before)
})

test('what survives is not touched', async () => {
  const bench = await reconfigureBench('a100-40gb')
  await changeTo(bench.start(), layoutOf(bench.model, [9, 0], [9, 4]))
  const before = ledgerOf(bench.entries).owned.find((own) => own.placement.start === 4)
  await changeTo(bench.start(), layoutOf(bench.model, [14, 0], [14, 2], [9, 4]))
  const after = ledgerOf(bench.entries).owned.find((own) => own.placement.start === 4)
  expect(after).toEqual(before)
})

describe('what others have made', () => {
  test('is reported and never destroyed', async () => {
    const bench = await reconfigureBench('a100-40gb')
    const gpu = must(bench.gpus[0])
    const theirs = { profileId: 9, placement: { start: 4, size: 4 } }
    await bench.device.createGpuInstance(gpu, theirs)
    const context = bench.start()
    const wanted = [{ profileId: 0, placement: { start: 0, size: 8 } }]
    const planned = await planChange(context, [{ gpu, wanted }])
    expect(planned).toEqual({
      kind: 'refused',
      refusals: [{ kind: 'unknown-instances', gpu, there: [theirs] }],
    })
    expect((await readInventory(context, gpu)).unknown).toHaveLength(1)
    expect(await bench.disagreements([theirs])).toEqual([])
  })

  test('stays beside ours when the layout keeps it', async () => {
    const bench = await reconfigureBench('a100-40gb')
    const gpu = must(bench.gpus[0])
    const theirs = { profileId: 9, placement: { start: 4, size: 4 } }
    await bench.device.createGpuInstance(gpu, theirs)
    await changeTo(bench.start(), layoutOf(bench.model, [14, 0], [9, 4]))
    expect(ledgerOf(bench.entries).owned.map(({ profileId }) => profileId)).toEqual([14])
    expect(await bench.disagreements([theirs])).toEqual([])
  })

  test('becomes ours when a person says so, if it is whole', async () => {
    const bench = await reconfigureBench('a100-40gb')
    const gpu = must(bench.gpus[0])
    const host = await bench.device.createGpuInstance(gpu, {
      profileId: 9,
      placement: { start: 4, size: 4 },
    })
    expect(await adopt(bench.start(), gpu)).toEqual([])
    const whole = { profileId: 2, placement: { start: 0, size: 3 } }
    const { uuid } = await bench.device.createComputeInstance(gpu, host, whole)
    expect(await adopt(bench.start(), gpu)).toMatchObject([{ profileId: 9, uuid }])
    await changeTo(bench.start(), layoutOf(bench.model, [0, 0]))
    expect(await bench.disagreements()).toEqual([])
  })
})

describe('in use', () => {
  test('an instance with a process is waited for, then left with who holds it', async () => {
    const bench = await reconfigureBench('a100-40gb')
    const gpu = must(bench.gpus[0])
    await changeTo(bench.start(), layoutOf(bench.model, [9, 0], [9, 4]))
    const client = { pid: 88, gpuInstanceId: 2, computeInstanceId: 0, memoryMiB: 1 }
    await bench.change((node) => withClient(node, gpu, { ...client, isMonitor: false }))
    const outcome = await changeTo(bench.start(), layoutOf(bench.model, [9, 0], [14, 4]))
    expect(outcome).toMatchObject({ kind: 'failed', result: 'rolled-back' })
    const [failure] = outcome.kind === 'failed' ? outcome.failures : []
    expect(failure).toMatchObject({ code: 'NVML_ERROR_IN_USE', pids: [88] })
    expect(await layoutOn(bench)).toEqual(['9@0', '9@4'])
    expect(await bench.disagreements()).toEqual([])
  })

  test('an instance that stays in use for a moment after its process goes too', async () => {
    const bench = await reconfigureBench('a100-40gb')
    const gpu = must(bench.gpus[0])
    await changeTo(bench.start(), layoutOf(bench.model, [9, 4]))
    await bench.change((node) => withoutClient(node, gpu, 1, 3))
    expect((await changeTo(bench.start(), layoutOf(bench.model))).kind).toBe('done')
  })

  test('a monitor that holds the GPU instance gets its compute instance back', async () => {
    const bench = await reconfigureBench('a100-40gb')
    const gpu = must(bench.gpus[0])
    await changeTo(bench.start(), layoutOf(bench.model, [9, 0], [9, 4]))
    const client = { pid: 99, gpuInstanceId: 2, computeInstanceId: null, memoryMiB: 1 }
    await bench.change((node) => withClient(node, gpu, { ...client, isMonitor: true }))
    const outcome = await changeTo(bench.start(), layoutOf(bench.model, [9, 0]))
    expect(outcome).toMatchObject({ kind: 'failed', result: 'rolled-back' })
    expect(await bench.disagreements()).toEqual([])
    expect(ledgerOf(bench.entries).owned).toHaveLength(2)
  })
})

describe('after a crash', () => {
  test('at any entry journal and GPU agree again, and the change can be completed', async () => {
    const bench = await reconfigureBench('a100-40gb')
    const layouts = maximalLayouts(bench.model)
    const rng = new Rng(3)
    const pick = () => must(layouts[rng.integer(layouts.length)])
    for (let pair = 0; pair < 12; pair += 1) {
      const [from, to] = [pick(), pick()]
      for (const when of ['before', 'after'] as const) {
        for (let entry = 1; ; entry += 1) {
          await changeTo(bench.start(), from)
          bench.entries.splice(0, bench.entries.length, {
            kind: 'snapshot',
            ledger: ledgerOf(bench.entries),
          })
          const ended = await changeTo(bench.start({ crash: { entry, when } }), to).catch(
            (error: unknown) => error,
          )
          const isKilled = ended instanceof Error && ended.name === 'Killed'
          const context = bench.start()
          const { unknown } = await recover(context, bench.gpus)
          expect(unknown).toEqual([])
          expect(context.book.ledger().open).toEqual([])
          expect(context.book.ledger().stuck).toEqual([])
          expect(await bench.disagreements()).toEqual([])
          expect((await changeTo(bench.start(), to)).kind).toBe('done')
          expect(await layoutOn(bench)).toEqual(layoutNames(to))
          if (!isKilled) break
        }
      }
    }
  })

  test('a crash in the middle of recovery is recovered from too', async () => {
    const bench = await reconfigureBench('a100-40gb')
    const from = layoutOf(bench.model, [9, 0], [9, 4])
    const to = layoutOf(bench.model, [14, 0], [19, 2], [9, 4])
    for (let entry = 1; entry < 12; entry += 1) {
      for (let again = 1; again < 4; again += 1) {
        await changeTo(bench.start(), from)
        const crash = { entry, when: 'after' } as const
        await changeTo(bench.start({ crash }), to).catch(() => undefined)
        const second = bench.start({ crash: { entry: again, when: 'after' } })
        await recover(second, bench.gpus).catch(() => undefined)
        await recover(bench.start(), bench.gpus)
        expect(await bench.disagreements()).toEqual([])
        expect(bench.start().book.ledger().open).toEqual([])
      }
    }
  })

  test('what is gone after a reboot is forgotten and told', async () => {
    const bench = await reconfigureBench('a100-40gb')
    await changeTo(bench.start(), layoutOf(bench.model, [9, 0], [9, 4]))
    await bench.change((node) => ({
      ...node,
      gpus: node.gpus.map((gpu) => ({ ...gpu, instances: [] })),
    }))
    const { missing } = await recover(bench.start(), bench.gpus)
    expect(missing.map(({ placement }) => placement.start)).toEqual([0, 4])
    expect(await bench.disagreements()).toEqual([])
  })
})
