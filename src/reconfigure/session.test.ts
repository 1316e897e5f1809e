import { expect, test } from 'vitest'
import {
  changeTo,
  layoutNames,
  layoutOn,
  maximalLayouts,
  reconfigureBench,
} from '../../test/reconfigure-bench.ts'
import { must } from '../base/assert.ts'
import { recover } from './recover.ts'
import { beginSession } from './session.ts'
import { undo } from './undo.ts'

async function scene() {
  const bench = await reconfigureBench('a100-40gb')
  const layouts = maximalLayouts(bench.model)
  const [before, during, last] = [must(layouts[0]), must(layouts[3]), must(layouts[5])]
  await changeTo(bench.start(), before)
  return { bench, before, during, last }
}

test('a session that keeps leaves what it made', async () => {
  const { bench, during } = await scene()
  const context = bench.start()
  const session = await beginSession(context, bench.gpus)
  await changeTo(context, during)
  expect(await session.end('keep')).toEqual({ kind: 'kept' })
  expect(await layoutOn(bench)).toEqual(layoutNames(during))
  expect(bench.start().book.ledger().session).toBeNull()
})

test('a session that restores leaves what was there before it', async () => {
  const { bench, before, during, last } = await scene()
  const context = bench.start()
  const session = await beginSession(context, bench.gpus)
  await changeTo(context, during)
  await changeTo(context, last)
  expect(await session.end('restore')).toMatchObject({ applied: { kind: 'done' } })
  expect(await layoutOn(bench)).toEqual(layoutNames(before))
  expect(await bench.disagreements()).toEqual([])
})

test('a session that was killed is taken up again, with what was there before it', async () => {
  const { bench, before, during, last } = await scene()
  const context = bench.start()
  await beginSession(context, bench.gpus)
  await changeTo(context, during)
  const dying = bench.start({ crash: { entry: 5, when: 'after' } })
  await expect(changeTo(dying, last)).rejects.toThrow()
  const next = bench.start()
  await recover(next, bench.gpus)
  const session = await beginSession(next, bench.gpus)
  expect(await session.end('restore')).toMatchObject({ applied: { kind: 'done' } })
  expect(await layoutOn(bench)).toEqual(layoutNames(before))
})

test('what another program made during a session is not restored away', async () => {
  const { bench } = await scene()
  const context = bench.start()
  const gpu = must(bench.gpus[0])
  await undo(context, bench.gpus, { isDryRun: false })
  const session = await beginSession(context, bench.gpus)
  const theirs = { profileId: 9, placement: { start: 4, size: 4 } }
  await bench.device.createGpuInstance(gpu, theirs)
  expect(await session.end('restore')).toMatchObject({
    applied: { kind: 'refused', refusals: [{ kind: 'unknown-instances', there: [theirs] }] },
  })
  expect(bench.start().book.ledger().session).not.toBeNull()
})
