import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Killed, layoutOn, reconfigureBench } from '../../../test/reconfigure-bench.ts'
import { must } from '../../base/assert.ts'
import { withClient, withoutClient } from '../../devices/simulated/node.ts'
import { createInstance } from '../../reconfigure/create-instance.ts'
import { destroyInstance } from '../../reconfigure/destroy-instance.ts'
import { lastChange } from '../../reconfigure/ledger.ts'
import { recover } from '../../reconfigure/recover.ts'
import { borrowInstance, takeBackLeftover } from './borrow-instance.ts'

const why = 'a measurement'

async function scene() {
  const bench = await reconfigureBench('a100-80gb')
  const gpu = must(bench.gpus[0])
  const folder = mkdtempSync(join(tmpdir(), 'migrator-borrow-'))
  await createInstance(bench.start(), {
    gpu,
    profileId: 19,
    placement: { start: 6, size: 1 },
  })
  const place = { gpu, profileId: 9, placement: { start: 0, size: 4 } }
  const room = { kind: 'free', gpu, place } as const
  return { bench, gpu, folder, place, room, before: await layoutOn(bench) }
}

test('an instance that was made is gone when it is given back, and nothing else is', async () => {
  const { bench, folder, room, gpu, before } = await scene()
  const context = bench.start()
  const result = await borrowInstance(context, room, { folder, why })
  if (result.kind !== 'borrowed') throw new Error(result.reason)
  expect(await layoutOn(bench)).not.toEqual(before)
  expect(await result.borrowed.giveBack()).toBeNull()
  expect(await layoutOn(bench)).toEqual(before)
  expect(await bench.disagreements()).toEqual([])
  expect(readdirSync(folder)).toEqual([])
  // Nothing that a later undo would take for its own.
  expect(lastChange(context.book.ledger(), [gpu])).toBeUndefined()
})

test('an idle instance is lent, and stays', async () => {
  const { bench, folder, gpu, before } = await scene()
  const context = bench.start()
  const instance = must(context.book.ledger().owned[0])
  const result = await borrowInstance(context, { kind: 'idle', gpu, instance }, { folder, why })
  if (result.kind !== 'borrowed') throw new Error(result.reason)
  expect(result.borrowed.wasMade).toBe(false)
  expect(await result.borrowed.giveBack()).toBeNull()
  expect(await layoutOn(bench)).toEqual(before)
})

test('killed at whichever entry, the next start brings the layout from before', async () => {
  for (const when of ['before', 'after'] as const) {
    for (let entry = 1; ; entry += 1) {
      const { bench, folder, room, before } = await scene()
      const context = bench.start({ crash: { entry, when } })
      const run = async () => {
        const result = await borrowInstance(context, room, { folder, why })
        if (result.kind === 'borrowed') await result.borrowed.giveBack()
      }
      const end = await run().catch((error: unknown) => error)
      if (!(end instanceof Killed)) {
        expect(end).toBeUndefined()
        expect(entry).toBeGreaterThan(8)
        break
      }
      const next = bench.start()
      await recover(next, bench.gpus)
      await takeBackLeftover(next, folder)
      expect(await layoutOn(bench), `${when} entry ${entry}`).toEqual(before)
      expect(await bench.disagreements()).toEqual([])
      expect(readdirSync(folder)).toEqual([])
    }
  }
})

test('another instance that has taken the place since is not taken for it', async () => {
  const { bench, folder, room, place } = await scene()
  const context = bench.start()
  const result = await borrowInstance(context, room, { folder, why })
  if (result.kind !== 'borrowed') throw new Error(result.reason)
  await destroyInstance(context, result.borrowed.instance)
  await createInstance(context, place)
  const now = await layoutOn(bench)
  expect(await takeBackLeftover(bench.start(), folder)).toEqual({ kind: 'none' })
  expect(await layoutOn(bench)).toEqual(now)
})

test('an instance that is in use stays, is told of, and goes with the next start', async () => {
  const { bench, folder, room, gpu, before } = await scene()
  const context = bench.start()
  const result = await borrowInstance(context, room, { folder, why })
  if (result.kind !== 'borrowed') throw new Error(result.reason)
  const { gpuInstanceId } = result.borrowed.instance
  const client = { pid: 5, gpuInstanceId, computeInstanceId: 0, memoryMiB: 1, isMonitor: false }
  await bench.change((node) => withClient(node, gpu, client))
  expect(await result.borrowed.giveBack()).toMatch(/processes still run on it/)
  await bench.change((node) => withoutClient(node, gpu, 5))
  expect(await takeBackLeftover(bench.start(), folder)).toMatchObject({ kind: 'taken-back' })
  expect(await layoutOn(bench)).toEqual(before)
})
