import { writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { must } from '../../src/base/assert.ts'
import { LiveRun, liveSite, underLoad } from './live-run.ts'

let live: LiveRun | null = null
afterEach(async () => {
  await live?.cleanUp()
  live = null
})

type StateBody = {
  readonly instances: readonly { readonly id: string; readonly worker: unknown }[]
}

test('a daemon that is killed takes nothing along, and the next one takes over what it left', {
  timeout: 180_000,
}, async () => {
  live = new LiveRun()
  await live.start()
  await live.serves()
  const workers = live.processes('reference/server')
  expect(workers.length).toBeGreaterThan(0)
  const load = underLoad(live)
  await wait(500)
  await live.end('SIGKILL')
  await wait(1500)
  await live.start()
  expect(live.log).toMatch(/vision-\d+: adopted/)
  expect(live.log).toMatch(/router: process \d+, adopted/)
  await wait(1500)
  const statuses = await load.stop()
  expect(statuses.length).toBeGreaterThan(20)
  expect(statuses.filter((status) => status !== 200)).toEqual([])
  const { body } = (await live.ask('/v1/state')) as { readonly body: StateBody }
  expect(body.instances.some(({ worker }) => worker !== null)).toBe(true)
  expect(live.processes('reference/server')).toEqual(expect.arrayContaining([...workers]))
  expect(await live.end('SIGINT')).toBe(130)
  expect(live.processes()).toEqual([])
})

test('the control API tells freely on loopback, and changes nothing without the token', {
  timeout: 120_000,
}, async () => {
  live = new LiveRun()
  await live.start()
  expect((await live.ask('/healthz')).status).toBe(200)
  expect((await live.ask('/v1/state')).body).toMatchObject({ site: 'live', mode: 'active' })
  expect((await live.ask('/v1/replan', { post: true })).status).toBe(401)
  expect((await live.ask('/v1/replan', { post: true, token: 'wrong' })).status).toBe(401)
  expect((await live.ask('/v1/replan', { post: true, token: 'secret' })).status).toBe(202)
  expect((await live.ask('/v1/nothing')).status).toBe(404)
  // SIGTERM lets go: what serves goes on.
  await live.serves()
  expect(await live.end('SIGTERM')).toBe(0)
  expect(await live.infer()).toBe(200)
})

test('a site file that became wrong is not taken on SIGHUP, and a good one is', {
  timeout: 120_000,
}, async () => {
  const own = new LiveRun()
  live = own
  await own.start()
  await own.serves()
  writeFileSync(own.siteFile, liveSite.replace('slo: 2s', 'slo: 2 parsecs'))
  own.hangUp()
  await own.until(() => own.log.includes('Not reloaded'), 'the file is refused')
  expect(await own.infer()).toBe(200)
  writeFileSync(own.siteFile, liveSite.replace('name: live', 'name: renamed'))
  own.hangUp()
  await own.until(() => own.log.includes('Reloaded'), 'the file is taken')
  await own.until(async () => {
    const { body } = await own.ask('/v1/state').catch(() => ({ body: null }))
    return body?.site === 'renamed'
  }, 'the new site is told')
  expect(await own.infer()).toBe(200)
})

test('a worker that is killed is replaced, and a plan is asked for', {
  timeout: 120_000,
}, async () => {
  const own = new LiveRun()
  live = own
  await own.start()
  await own.serves()
  const [worker] = own.processes('reference/server')
  process.kill(must(worker), 'SIGKILL')
  await own.until(() => own.log.includes('ended-unexpectedly'), 'the death is noticed')
  await own.until(() => !own.processes('reference/server').includes(must(worker)), 'it is gone')
  await own.serves()
  const { body } = (await own.ask('/v1/plans')) as {
    readonly body: readonly { readonly reason: string }[]
  }
  await own.until(() => own.log.includes('plan (failure'), 'a plan is asked for')
  expect(body.length).toBeGreaterThan(0)
})

test.each([
  ['keep', 1],
  ['restore', 0],
] as const)(
  'with onExit %s an orderly end leaves that',
  { timeout: 120_000 },
  async (what, least) => {
    const own = new LiveRun(liveSite.replace('node:\n', `node:\n  onExit: ${what}\n`))
    live = own
    await own.start()
    await own.serves()
    expect(own.instancesLeft()).toBeGreaterThan(0)
    expect(await own.end('SIGINT')).toBe(130)
    const left = own.instancesLeft()
    if (least > 0) expect(left).toBeGreaterThanOrEqual(least)
    else expect(left).toBe(0)
  },
)
