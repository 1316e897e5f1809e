import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { editRecord } from '../../../test/edit-record.ts'
import { briskRestarts, eventually, type Supervised, supervised } from '../../../test/supervised.ts'
import { allProcesses, launchOf, processStat } from './processes.ts'

const open: Supervised[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.cleanUp()
})

function begin(...args: Parameters<typeof supervised>): Supervised {
  const own = supervised(...args)
  open.push(own)
  return own
}

async function succeed(own: Supervised): Promise<Supervised> {
  open.splice(open.indexOf(own), 1)
  const next = await own.successor()
  open.push(next)
  return next
}

const isGone = (pid: number) => (processStat(pid) === null ? true : undefined)

describe('an inference worker', () => {
  test('that is told to stop while it is being started is started, and stopped', async () => {
    const own = begin()
    const started = own.workers.startInference(own.inference('a'))
    expect((await own.workers.stop('a', { graceSeconds: 5 })).kind).toBe('stopped')
    expect((await started).kind).toBe('started')
    expect(own.workers.list()).toEqual([])
  })

  test('is not started once supervision has ended', async () => {
    const own = begin()
    const started = own.workers.startInference(own.inference('a'))
    await own.workers.close()
    expect((await started).kind).toBe('refused')
    expect(own.events).toEqual([])
  })

  test('is started without a shell, in a group of its own, with its environment', async () => {
    const own = begin()
    const spec = { ...own.inference('a', ['; touch', '$HOME']), environment: { OWN: '1' } }
    const result = await own.workers.startInference(spec)
    const { process: identity, port } = JSON.parse(
      readFileSync(join(own.dir, 'workers/a/record.json'), 'utf8'),
    )
    const read = (file: string) => readFileSync(`/proc/${identity.pid}/${file}`, 'utf8')
    expect(result.kind).toBe('started')
    expect(processStat(identity.pid)?.group).toBe(identity.pid)
    const { url } = await own.event('ready')
    expect(read('cmdline').split('\0').slice(2, -1)).toEqual(['; touch', '$HOME'])
    const environment = Object.fromEntries(
      read('environ')
        .split('\0')
        .map((entry) => entry.split('=', 2)),
    )
    expect(environment).toMatchObject({
      CUDA_VISIBLE_DEVICES: spec.device,
      MIGRATOR_PORT: String(port),
      MIGRATOR_TENANT: 'vision',
      MIGRATOR_MODEL_DIR: spec.modelDir,
      MIGRATOR_PROFILE: '2g.20gb',
      OWN: '1',
    })
    expect(Object.keys(environment).filter((name) => name.startsWith('VITEST'))).toEqual([])
    expect(url).toBe(`http://127.0.0.1:${port}`)
    expect(await own.workers.stop('a', { graceSeconds: 5 })).toEqual({
      kind: 'stopped',
      wasKilled: false,
    })
    expect(own.kinds('a')).toEqual(['started', 'ready', 'exited', 'stopped'])
  })

  test('takes another version while it runs, and keeps it under the next daemon', async () => {
    const own = begin()
    await own.workers.startInference(own.inference('a'))
    const { url } = await own.event('ready')
    expect(await own.workers.load('a', '/versions/2')).toEqual({ kind: 'loaded' })
    expect(await (await fetch(`${url}/test/model-dir`)).text()).toBe('/versions/2')
    const next = await succeed(own)
    await next.workers.adopt()
    expect(await next.event('ready')).toMatchObject({ url, modelDir: '/versions/2' })
  })

  test('that refuses a version goes on with its own', async () => {
    const own = begin()
    await own.workers.startInference(own.inference('a', ['refuses-versions']))
    await own.event('ready')
    const refusal = { kind: 'refused', message: 'not here' }
    expect(await own.workers.load('a', '/versions/2')).toEqual(refusal)
    expect(own.workers.list()[0]?.modelDir).toBe(join(own.dir, 'versions/first'))
  })

  test('has an id that is a file name and nobody else has', async () => {
    const own = begin()
    await own.workers.startInference(own.inference('a'))
    expect((await own.workers.startInference(own.inference('a'))).kind).toBe('refused')
    expect((await own.workers.startInference(own.inference('../a'))).kind).toBe('refused')
    expect((await own.workers.stop('b', { graceSeconds: 0 })).kind).toBe('unknown-worker')
    expect((await own.workers.load('b', '/v')).kind).toBe('refused')
  })

  test('may be started under the id of one that ended, from within its last event on', async () => {
    const own = begin()
    for (let i = 0; i < 3; i += 1) {
      expect((await own.workers.startInference(own.inference('a'))).kind).toBe('started')
      await own.event('ready', i)
      await own.workers.stop('a', { graceSeconds: 5 })
    }
    expect(own.kinds('a').filter((kind) => kind === 'stopped')).toHaveLength(3)
  })
})

describe('a retraining', () => {
  test('tells its progress and the version it wrote', async () => {
    const own = begin()
    await own.workers.startRetraining(own.retraining('t', [2, 10]))
    const done = await own.event('done')
    expect(done).toMatchObject({ version: 'v-2', versionDir: join(own.dir, 'versions/v-2') })
    const progress = own.events.flatMap((event) => (event.kind === 'progress' ? [event] : []))
    expect(progress.map(({ epoch, fraction, loss }) => [epoch, fraction, loss])).toEqual([
      [1, 0.5, 1],
      [2, 1, 0.5],
    ])
    expect(own.workers.list()).toEqual([])
  })

  test('that is stopped writes a checkpoint, and goes on from it when started again', async () => {
    const own = begin()
    await own.workers.startRetraining(own.retraining('t', [3, 1000]))
    await own.event('progress', 0)
    await own.workers.stop('t', { graceSeconds: 5 })
    expect((await own.event('checkpointed')).fraction).toBeGreaterThanOrEqual(1 / 3)
    await own.workers.startRetraining(own.retraining('t', [3, 10]))
    await own.event('done')
    const epochs = own.events.flatMap((event) => (event.kind === 'progress' ? [event.epoch] : []))
    expect(epochs).toEqual([1, 2, 3])
  })

  test('is started again after a death, where it may be, and resumes', async () => {
    const own = begin()
    const spec = own.retraining('t', [3, 10, 'dies-once'])
    await own.workers.startRetraining({ ...spec, restart: briskRestarts })
    await own.event('done')
    expect(own.kinds('t').filter((kind) => kind !== 'progress')).toEqual([
      'started',
      'exited',
      'restarting',
      'started',
      'exited',
      'done',
    ])
  })
})

describe('workers live on without the daemon', () => {
  test('and the next one adopts them: pid and start time, then ready and stoppable', async () => {
    const own = begin()
    await own.workers.startInference(own.inference('a'))
    await own.workers.startRetraining(own.retraining('t', [4, 150]))
    const { process: identity } = await own.event('started')
    await own.event('ready')
    const next = await succeed(own)
    const adopted = await next.workers.adopt()
    expect(adopted.map(({ kind }) => kind)).toEqual(['adopted', 'adopted'])
    expect((await next.event('done')).version).toBe('v-4')
    await next.event('ready')
    expect(next.workers.list().map(({ process }) => process)).toEqual([identity])
    await next.workers.stop('a', { graceSeconds: 5 })
    expect(next.kinds('a')).toEqual(['ready', 'exited', 'stopped'])
    expect(await next.workers.adopt()).toEqual([])
  })

  test('and what ended in between is told: done, checkpointed or dead', async () => {
    const own = begin()
    await own.workers.startInference({ ...own.inference('a'), restart: briskRestarts })
    await own.workers.startRetraining(own.retraining('t', [1, 300]))
    const [server, trainer] = own.workers.list().map((view) => view.process?.pid ?? 0)
    await own.event('ready')
    const next = await succeed(own)
    process.kill(server ?? 0, 'SIGKILL')
    await eventually(() => isGone(trainer ?? 0), 'the end of the trainer')
    await eventually(() => isGone(server ?? 0), 'the end of the server')
    const adopted = await next.workers.adopt()
    expect(adopted.map(({ kind }) => kind)).toEqual(['dead', 'dead'])
    expect((await next.event('done')).version).toBe('v-1')
    expect((await next.event('failed')).failure).toBe('ended-unexpectedly')
  })

  test('and one that was being stopped is stopped by the next one', async () => {
    const own = begin()
    await own.workers.startInference(own.inference('a', ['ignores-sigterm']))
    await own.event('ready')
    const stopped = own.workers.stop('a', { graceSeconds: 60 })
    await eventually(() => {
      const text = readFileSync(join(own.dir, 'workers/a/record.json'), 'utf8')
      return JSON.parse(text).isAskedToStop === true ? true : undefined
    }, 'the wish to be written down')
    const next = await succeed(own)
    await next.workers.adopt()
    expect(await next.event('stopped')).toMatchObject({ workerId: 'a', wasKilled: true })
    expect((await stopped).kind).toBe('not-stopped')
  })

  test('and a stranger with the pid of a dead worker is left alone', async () => {
    const own = begin()
    await own.workers.startInference(own.inference('a'))
    await own.workers.startInference(own.inference('stranger'))
    const [worker, stranger] = own.workers.list().map((view) => view.process)
    const next = await succeed(own)
    // As if the worker had died and the stranger been given its pid.
    editRecord(own.dir, 'a', (record) => ({
      ...record,
      launch: 'long ago',
      process: { ...worker, pid: stranger?.pid },
    }))
    editRecord(own.dir, 'stranger', () => null)
    expect((await next.workers.adopt()).map(({ kind }) => kind)).toEqual(['dead'])
    await next.event('failed')
    expect(processStat(stranger?.pid ?? 0)).not.toBeNull()
    for (const { pid } of [worker, stranger].filter((each) => each != null)) {
      process.kill(pid, 'SIGKILL')
    }
  })

  test('and one that was started at the moment of death is found by its environment', async () => {
    const own = begin()
    await own.workers.startInference(own.inference('a'))
    const identity = own.workers.list()[0]?.process
    const next = await succeed(own)
    editRecord(own.dir, 'a', (record) => ({ ...record, process: null }))
    expect((await next.workers.adopt()).map(({ kind }) => kind)).toEqual(['adopted'])
    expect(next.workers.list()[0]?.process).toEqual(identity)
  })

  test('and a record that cannot be read is put aside', async () => {
    const own = begin()
    await own.workers.startRetraining(own.retraining('t', [1, 10]))
    await own.event('done')
    const next = await succeed(own)
    editRecord(own.dir, 't', () => ({ format: 9 }))
    const [adopted] = await next.workers.adopt()
    expect(adopted).toMatchObject({ kind: 'unreadable' })
    expect(await next.workers.adopt()).toEqual([])
  })
})

test('no process of these tests is left when they clean up', async () => {
  const own = begin()
  await own.workers.startInference(own.inference('a', ['leaves-an-escaped-child']))
  await own.event('ready')
  const { launch } = JSON.parse(readFileSync(join(own.dir, 'workers/a/record.json'), 'utf8'))
  await own.cleanUp()
  const launches = (await allProcesses()).map(({ pid }) => launchOf(pid))
  expect(launches).not.toContain(launch)
})
