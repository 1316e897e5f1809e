import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { request } from 'undici'
import { afterEach, expect, test } from 'vitest'
import { LiveRun, liveSite } from './live-run.ts'

let live: LiveRun | null = null
afterEach(async () => {
  await live?.cleanUp()
  live = null
})

type PlanView = { readonly wasPutInForce: boolean; readonly status: string }

async function plansOf(own: LiveRun): Promise<readonly PlanView[]> {
  return (await own.ask('/v1/plans')).body
}

test('in mode advisory it plans and explains, and changes nothing', {
  timeout: 120_000,
}, async () => {
  const own = new LiveRun(
    liveSite.replace('window: 20s', 'window: 4s\nplanner: { coarseSlot: 4s }'),
  )
  live = own
  await own.start('--mode', 'advisory')
  await own.until(async () => (await plansOf(own)).length >= 2, 'it has planned twice')
  expect((await plansOf(own)).map(({ wasPutInForce }) => wasPutInForce)).not.toContain(true)
  expect(await own.gpus()).toMatchObject([{ instances: [] }])
  expect(own.processes('reference/')).toEqual([])
  await own.end('SIGTERM')

  // What serves is left as it is, whatever the plans would make of it.
  await own.start()
  await own.serves()
  await own.end('SIGTERM')
  const [gpus, workers] = [await own.gpus(), own.processes('reference/')]
  await own.start('--mode', 'advisory')
  await own.until(async () => (await plansOf(own)).length >= 2, 'it has planned twice')
  expect((await own.ask('/v1/state')).body.mode).toBe('advisory')
  expect(await own.infer()).toBe(200)
  const why = own.command('why', '--state-dir', own.stateDir)
  expect(why.stdout).toContain('not put in force')
  expect([await own.gpus(), own.processes('reference/')]).toEqual([gpus, workers])
})

test('a site file that the node cannot run is not taken either, and all goes on', {
  timeout: 120_000,
}, async () => {
  const own = new LiveRun()
  live = own
  await own.start('--device', 'simulated:a100-80gb')
  await own.serves()
  const workers = own.processes('reference/')
  writeFileSync(own.siteFile, liveSite.replace('model: a100-80gb', 'model: a30'))
  own.hangUp()
  await own.until(() => own.log.includes('Not reloaded'), 'the file is refused')
  expect(own.log).toMatch(/Not reloaded.*GPU 0 \(a30\) is not on this node/)
  expect(await own.infer()).toBe(200)
  await own.until(async () => {
    const told = await own.ask('/v1/state').catch(() => null)
    return (told?.body.lastPlan ?? null) !== null
  }, 'it plans again')
  expect(own.processes('reference/')).toEqual(expect.arrayContaining([...workers]))
  expect(await own.end('SIGINT')).toBe(130)
  expect(own.processes()).toEqual([])
})

test('a file that is being taken is no reason not to end', { timeout: 60_000 }, async () => {
  const own = new LiveRun()
  live = own
  await own.start()
  await own.serves()
  own.hangUp()
  await wait(20)
  expect(await own.end('SIGINT')).toBe(130)
  expect(own.processes()).toEqual([])
})

test('beyond loopback it does not even begin without a token', { timeout: 60_000 }, async () => {
  const own = new LiveRun(
    liveSite.replace('control: { port: 0 }', "control: { host: '0.0.0.0', port: 0 }"),
  )
  live = own
  const ran = own.command('run', '-f', own.siteFile, '--state-dir', own.stateDir)
  expect(ran.status).not.toBe(0)
  expect(ran.stderr).toContain('beyond loopback it needs a token')
  expect(own.processes()).toEqual([])
})

test('a node runs what init wrote', { timeout: 120_000 }, async () => {
  const own = new LiveRun()
  live = own
  expect(own.command('init', own.siteFile, '--force').status).toBe(0)
  expect(readFileSync(own.siteFile, 'utf8')).not.toMatch(/^node:/m)
  // The ports that it names by default may be taken here.
  appendFileSync(own.siteFile, 'node: { router: { port: 0 }, control: { port: 0 } }\n')
  await own.start('--device', 'simulated:a100-80gb')
  for (const tenant of ['search', 'photos']) {
    const url = `${own.routerUrl}/v2/models/${tenant}/ready`
    await own.until(async () => {
      const { statusCode, body } = await request(url)
      await body.dump()
      return statusCode === 200
    }, `${tenant} is served`)
  }
  await wait(100)
  expect(await own.end('SIGINT')).toBe(130)
  expect(own.processes()).toEqual([])
})
