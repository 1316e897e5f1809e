import { afterEach, expect, test } from 'vitest'
import { must } from '../../src/base/assert.ts'
import { LiveRun, liveSite, underLoad } from './live-run.ts'

let live: LiveRun | null = null
afterEach(async () => {
  await live?.cleanUp()
  live = null
})

const twoGpus = liveSite.replace('model: a100-80gb', 'model: a100-80gb, count: 2')

type StateBody = {
  readonly instances: readonly {
    readonly id: string
    readonly worker: { readonly phase: string } | null
  }[]
}

/** The GPU that serves, and its GPU instances. */
async function serving(own: LiveRun) {
  const used = (await own.gpus(2)).filter(({ instances }) => instances.length > 0)
  return must(used[0])
}

async function begun(): Promise<LiveRun> {
  const own = new LiveRun(twoGpus)
  live = own
  await own.start()
  await own.serves()
  return own
}

test('a GPU instance that hardware fails under is given up, also by the next daemon', {
  timeout: 120_000,
}, async () => {
  const own = await begun()
  const { uuid, instances } = await serving(own)
  const struck = must(instances[0])
  const load = underLoad(own)
  await own.strike('uncontained-memory-error', { gpu: uuid, gpuInstanceId: struck.id }, 2)
  await own.until(() => own.log.includes('is given up'), 'the fault is heard of')
  await own.until(() => own.log.includes('plan (failure'), 'a plan is asked for')
  await own.serves()
  const statuses = await load.stop()
  // Every one is answered, though until there is another instance it is that there is none.
  expect(statuses).not.toContain(0)
  const isThere = async () =>
    (await own.gpus(2)).some(
      (gpu) => gpu.uuid === uuid && gpu.instances.some(({ id }) => id === struck.id),
    )
  expect(await isThere()).toBe(true)
  await own.end('SIGKILL')
  await own.start()
  await own.serves()
  const { body } = (await own.ask('/v1/state')) as { readonly body: StateBody }
  const { start } = struck.placement
  const lost = new RegExp(`^gpu\\d/${struck.profileId}@${start}#1$`)
  expect(body.instances.map(({ id }) => id).filter((id) => lost.test(id))).toEqual([])
  expect(await isThere()).toBe(true)
})

test('a GPU that falls off the bus is planned round', { timeout: 120_000 }, async () => {
  const own = await begun()
  const { uuid } = await serving(own)
  const load = underLoad(own)
  await own.strike('off-the-bus', { gpu: uuid, gpuInstanceId: null }, 2)
  await own.until(() => own.log.includes('nothing is put there any more'), 'the loss is heard of')
  await own.serves()
  expect(await load.stop()).not.toContain(0)
  await own.end('SIGKILL')
  await own.start()
  await own.serves()
  const { body } = (await own.ask('/v1/state')) as { readonly body: StateBody }
  const index = (await own.gpus(2)).findIndex((gpu) => gpu.uuid === uuid)
  expect(body.instances.filter(({ id }) => id.startsWith(`gpu${index}/`))).toEqual([])
  expect(body.instances.some(({ worker }) => worker?.phase === 'serving')).toBe(true)
})

test('a program fault costs the worker that met it, and no GPU instance', {
  timeout: 120_000,
}, async () => {
  const own = await begun()
  const { uuid, instances } = await serving(own)
  const before = own.processes('reference/server')
  const { id } = must(instances[0])
  await own.strike('page-fault', { gpu: uuid, gpuInstanceId: id }, 2)
  await own.until(
    () => own.processes('reference/server').every((pid) => !before.includes(pid)),
    'its worker is ended',
  )
  await own.serves()
  expect(own.log).not.toContain('given up')
})
