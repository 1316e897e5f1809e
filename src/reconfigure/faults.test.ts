import { expect, test } from 'vitest'
import { changeTo, layoutNames, layoutOn, reconfigureBench } from '../../test/reconfigure-bench.ts'
import { must } from '../base/assert.ts'
import { profileById } from '../core/mig/gpu-model.ts'
import { layoutFrom } from '../core/mig/layout.ts'
import type { GpuCall } from '../devices/device.ts'
import { type ErrorCode, errorNumbers } from '../devices/return-codes.ts'
import { withLostGpu } from '../devices/simulated/node.ts'
import { openBook } from './book.ts'
import { memoryJournal } from './journal.ts'
import { recover } from './recover.ts'

const codes = Object.keys(errorNumbers) as ErrorCode[]
const calls: readonly GpuCall[] = [
  'migMode',
  'gpuInstanceProfiles',
  'gpuInstances',
  'createGpuInstance',
  'computeInstanceProfiles',
  'createComputeInstance',
  'processes',
  'destroyComputeInstance',
  'destroyGpuInstance',
]

/** A place that is taken is taken: no driver makes an instance and says that of it. */
function outcomesOf(call: GpuCall, code: ErrorCode): readonly ('refused' | 'done')[] {
  const isTaken = call === 'createGpuInstance' && code === 'NVML_ERROR_INSUFFICIENT_RESOURCES'
  return isTaken ? ['refused'] : ['refused', 'done']
}

async function scene() {
  const bench = await reconfigureBench('a30')
  const layout = (...placed: readonly (readonly [number, number])[]) => {
    const { model } = bench
    const made = layoutFrom(
      model,
      placed.map(([id, start]) => ({ profile: profileById(model, id), start })),
    )
    if (made.kind !== 'placed') throw new Error(made.kind)
    return made.layout
  }
  const [from, to] = [layout([5, 0], [14, 2]), layout([14, 0], [5, 2])]
  await changeTo(bench.start(), from)
  return { bench, from, to }
}

test.each(calls)('any error at %s, once or for ever, breaks nothing, and passes', async (call) => {
  for (const code of codes) {
    for (const times of [1, null]) {
      for (const outcome of outcomesOf(call, code)) {
        for (const after of [0, 1]) {
          const { bench, from, to } = await scene()
          const fault = { call, gpu: 'any', code, after, times, outcome } as const
          await bench.change((node) => ({ ...node, faults: [fault] }))
          const context = bench.start()
          const ended = await changeTo(context, to).catch((error: unknown) => error)
          const name = `${call} ${code} ${times} ${outcome} ${after}: ${JSON.stringify(ended)}`
          expect(await bench.disagreements(), name).toEqual([])
          await bench.change((node) => ({ ...node, faults: [] }))
          const isDone = 'kind' in (ended as object) && (ended as { kind: string }).kind === 'done'
          const { open, stuck } = context.book.ledger()
          if (isDone) expect(await layoutOn(bench), name).toEqual(layoutNames(to))
          else if (open.length === 0 && stuck.length === 0 && 'result' in (ended as object)) {
            const { result } = ended as { result: string }
            const expected = result === 'rolled-back' ? layoutNames(from) : await layoutOn(bench)
            expect(await layoutOn(bench), name).toEqual(expected)
          }
          await recover(bench.start(), bench.gpus)
          expect(await bench.disagreements(), name).toEqual([])
          expect((await changeTo(bench.start(), to)).kind, name).toBe('done')
          expect(await layoutOn(bench), name).toEqual(layoutNames(to))
        }
      }
    }
  }
})

test('a compute instance that is refused takes its GPU instance back with it', async () => {
  const { bench, from, to } = await scene()
  const code = 'NVML_ERROR_INSUFFICIENT_RESOURCES'
  const fault = { call: 'createComputeInstance', gpu: 'any', code, after: 0 } as const
  await bench.change((node) => ({
    ...node,
    faults: [{ ...fault, times: 1, outcome: 'refused' }],
  }))
  const outcome = await changeTo(bench.start(), to)
  expect(outcome).toMatchObject({ kind: 'failed', result: 'rolled-back', failures: [{ code }] })
  expect(await layoutOn(bench)).toEqual(layoutNames(from))
})

test('what can be neither finished nor taken back is stuck until a recovery', async () => {
  const { bench, to } = await scene()
  const refused = { gpu: 'any', code: 'NVML_ERROR_INSUFFICIENT_RESOURCES', after: 0 } as const
  const sticky = { ...refused, times: null, outcome: 'refused' } as const
  await bench.change((node) => ({
    ...node,
    faults: [
      { ...sticky, call: 'createComputeInstance' },
      { ...sticky, call: 'destroyGpuInstance', after: 1 },
    ],
  }))
  const context = bench.start()
  expect(await changeTo(context, to)).toMatchObject({ kind: 'failed', result: 'stuck' })
  expect(context.book.ledger().stuck.length).toBeGreaterThan(0)
  await bench.change((node) => ({ ...node, faults: [] }))
  const { recovered } = await recover(bench.start(), bench.gpus)
  expect(recovered.length).toBeGreaterThan(0)
  expect(bench.start().book.ledger().stuck).toEqual([])
  expect(await bench.disagreements()).toEqual([])
})

test('a GPU that is lost leaves its operation open until it can be asked', async () => {
  const { bench, to } = await scene()
  const gpu = must(bench.gpus[0])
  const context = bench.start()
  const write = context.book.write
  const losing = {
    ...context.book,
    write: (entry: Parameters<typeof write>[0]) => {
      write(entry)
      if (entry.kind === 'destroy-begun') void bench.change((node) => withLostGpu(node, gpu))
    },
  }
  const outcome = await changeTo({ ...context, book: losing }, to)
  expect(outcome).toMatchObject({ kind: 'failed', result: 'stuck' })
  expect(context.book.ledger().open).toHaveLength(1)
  const { unknown } = await recover(bench.start(), bench.gpus)
  expect(unknown.map(({ code }) => code)).toContain('NVML_ERROR_GPU_IS_LOST')
  // A reset: the GPU is back and empty.
  await bench.change((node) => ({
    ...node,
    gpus: node.gpus.map((own) => ({ ...own, isLost: false, instances: [] })),
  }))
  await recover(bench.start(), bench.gpus)
  expect(bench.start().book.ledger()).toMatchObject({ open: [], owned: [] })
  expect((await changeTo(bench.start(), to)).kind).toBe('done')
})

test('nothing is done to a GPU that the journal cannot announce', async () => {
  const { bench, from, to } = await scene()
  const full = {
    ...memoryJournal(bench.entries),
    append: () => {
      throw new Error('the disk is full')
    },
  }
  const context = { ...bench.start(), book: openBook(full) }
  await expect(changeTo(context, to)).rejects.toThrow('the disk is full')
  expect(await layoutOn(bench)).toEqual(layoutNames(from))
})
