import { expect, test } from 'vitest'
import { type Bench, reconfigureBench } from '../../../test/reconfigure-bench.ts'
import { must } from '../../base/assert.ts'
import { withClient } from '../../devices/simulated/node.ts'
import { createInstance } from '../../reconfigure/create-instance.ts'
import { adopt } from '../../reconfigure/recover.ts'
import { findRoom, type KnownWorkers } from './find-room.ts'

const small = { profileId: 19, placement: { start: 0, size: 1 } }
const half = { profileId: 9, placement: { start: 4, size: 4 } }
const none: KnownWorkers = new Map()

async function roomOn(bench: Bench, profile: string, workers = none) {
  const gpus = bench.gpus.map((uuid, i) => ({ uuid, name: `GPU ${i}` }))
  return findRoom(bench.start(), { gpus, profile, workers })
}

async function benchWith(...wanted: readonly (typeof small)[]) {
  const bench = await reconfigureBench('a100-80gb')
  const gpu = must(bench.gpus[0])
  const context = bench.start()
  for (const own of wanted) await createInstance(context, { gpu, ...own })
  return { bench, gpu }
}

test('a free place is found beside what is there', async () => {
  const { bench, gpu } = await benchWith(small)
  const place = { gpu, profileId: 9, placement: { start: 4, size: 4 } }
  expect(await roomOn(bench, '3g.40gb')).toEqual({ kind: 'free', gpu, place })
})

test('an instance of migrator that nothing runs on is used as it is', async () => {
  const { bench } = await benchWith(small)
  expect(await roomOn(bench, '1g.10gb')).toMatchObject({ kind: 'idle', instance: small })
})

test('an instance that a process or a worker of a daemon uses is not', async () => {
  const { bench, gpu } = await benchWith(small)
  const [own] = await bench.device.gpuInstances(gpu)
  const uuid = must(must(own).computeInstances[0]).uuid
  const workers = new Map([[uuid, 'worker vision-1 of migrator run']])
  expect(await roomOn(bench, '1g.10gb', workers)).toMatchObject({ kind: 'free' })
  expect(await roomOn(bench, '7g.80gb', workers)).toEqual({
    kind: 'taken',
    reasons: ["GPU 0 has at 0: 1g.10gb (migrator's, used by worker vision-1 of migrator run)"],
  })
  const gpuInstanceId = must(own).id
  const client = { pid: 77, gpuInstanceId, computeInstanceId: 0, memoryMiB: 1, isMonitor: false }
  await bench.change((node) => withClient(node, gpu, client))
  expect(await roomOn(bench, '1g.10gb')).toMatchObject({ kind: 'free' })
  expect(await roomOn(bench, '7g.80gb')).toMatchObject({
    reasons: [expect.stringContaining('used by pid 77')],
  })
})

test('what migrator did not make is in the way, whether something runs on it or not', async () => {
  const { bench } = await benchWith(half)
  const foreign = { ...bench, start: () => ({ ...bench.start(), book: emptyBook() }) }
  expect(await roomOn(foreign, '3g.40gb')).toMatchObject({ kind: 'free' })
  expect(await roomOn(foreign, '7g.80gb')).toEqual({
    kind: 'taken',
    reasons: ['GPU 0 has at 4: 3g.40gb (not made by migrator, nothing runs on it)'],
  })

  function emptyBook() {
    return { ...bench.start().book, ledger: () => ({ ...bench.start().book.ledger(), owned: [] }) }
  }
})

test('who holds the compute slices is told where no place overlaps', async () => {
  const { bench, gpu } = await benchWith(half, { profileId: 5, placement: { start: 0, size: 4 } })
  await adopt(bench.start(), gpu)
  const room = await roomOn(bench, '1g.10gb')
  expect(room.kind).toBe('taken')
  expect(room.kind === 'taken' && room.reasons).toHaveLength(2)
})

test('with several GPUs the second is asked too', async () => {
  const bench = await reconfigureBench('a30', 2)
  await createInstance(bench.start(), {
    gpu: must(bench.gpus[0]),
    profileId: 14,
    placement: { start: 0, size: 1 },
  })
  expect(await roomOn(bench, '4g.24gb')).toMatchObject({ kind: 'free', gpu: bench.gpus[1] })
})
