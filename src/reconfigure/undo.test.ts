import { expect, test } from 'vitest'
import {
  type Bench,
  changeTo,
  layoutNames,
  layoutOn,
  maximalLayouts,
  reconfigureBench,
} from '../../test/reconfigure-bench.ts'
import { must } from '../base/assert.ts'
import { withClient } from '../devices/simulated/node.ts'
import { recover } from './recover.ts'
import { undo } from './undo.ts'

const really = { isDryRun: false }

async function scene() {
  const bench = await reconfigureBench('a100-40gb')
  const layouts = maximalLayouts(bench.model)
  const [first, second, third] = [must(layouts[0]), must(layouts[1]), must(layouts[4])]
  for (const layout of [first, second, third]) await changeTo(bench.start(), layout)
  return { bench, first, second }
}

const undoOn = (bench: Bench) => undo(bench.start(), bench.gpus, really)

test('undo goes back one change at a time, and says when there is none left', async () => {
  const { bench, first, second } = await scene()
  expect(await undoOn(bench)).toMatchObject({ kind: 'undone', change: { change: 3 } })
  expect(await layoutOn(bench)).toEqual(layoutNames(second))
  expect(await undoOn(bench)).toMatchObject({ kind: 'undone', change: { change: 2 } })
  expect(await layoutOn(bench)).toEqual(layoutNames(first))
  expect(await undoOn(bench)).toMatchObject({ kind: 'undone', change: { change: 1 } })
  expect(await layoutOn(bench)).toEqual([])
  expect(await undoOn(bench)).toEqual({ kind: 'nothing-to-undo' })
  expect(await bench.disagreements()).toEqual([])
})

test('a new change after an undo is what the next undo takes back', async () => {
  const { bench, first, second } = await scene()
  await undoOn(bench)
  await changeTo(bench.start(), first)
  await undoOn(bench)
  expect(await layoutOn(bench)).toEqual(layoutNames(second))
})

test('a change that was cut off by a crash is taken back to before it', async () => {
  const { bench, first } = await scene()
  const before = await layoutOn(bench)
  const dying = bench.start({ crash: { entry: 5, when: 'after' } })
  await expect(changeTo(dying, first)).rejects.toThrow()
  await recover(bench.start(), bench.gpus)
  expect(await layoutOn(bench)).not.toEqual(before)
  await undoOn(bench)
  expect(await layoutOn(bench)).toEqual(before)
  expect(await bench.disagreements()).toEqual([])
})

test('an instance with a process keeps undo from beginning', async () => {
  const { bench } = await scene()
  const gpu = must(bench.gpus[0])
  const before = await layoutOn(bench)
  for (const { id } of await bench.device.gpuInstances(gpu)) {
    const place = { gpuInstanceId: id, computeInstanceId: 0 }
    const client = { pid: 88, memoryMiB: 1, isMonitor: false, ...place }
    await bench.change((node) => withClient(node, gpu, client))
  }
  const undone = await undoOn(bench)
  expect(undone).toMatchObject({
    applied: {
      kind: 'refused',
      refusals: expect.arrayContaining([expect.objectContaining({ kind: 'busy', pids: [88] })]),
    },
  })
  expect(await layoutOn(bench)).toEqual(before)
})

test('a dry run of undo changes nothing', async () => {
  const { bench } = await scene()
  const [before, entries] = [await layoutOn(bench), bench.entries.length]
  const undone = await undo(bench.start(), bench.gpus, { isDryRun: true })
  expect(undone).toMatchObject({ applied: { kind: 'would-apply' } })
  expect(await layoutOn(bench)).toEqual(before)
  expect(bench.entries).toHaveLength(entries)
})
