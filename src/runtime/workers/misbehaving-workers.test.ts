import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { briskRestarts, eventually, type Supervised, supervised } from '../../../test/supervised.ts'
import { allProcesses, launchOf } from './processes.ts'

const open: Supervised[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.cleanUp()
})

function begin(): Supervised {
  const own = supervised()
  open.push(own)
  return own
}

function launchIn(own: Supervised, id: string): string {
  return JSON.parse(readFileSync(join(own.dir, 'workers', id, 'record.json'), 'utf8')).launch
}

async function livingOf(launch: string): Promise<number> {
  const launches = (await allProcesses()).map(({ pid }) => launchOf(pid))
  return launches.filter((each) => each === launch).length
}

describe('a server that misbehaves', () => {
  test.each([
    ['hangs at its start', 'hangs-at-start', /ECONNREFUSED/],
    ['never gets ready', 'never-ready', /status 503/],
    ['answers garbage', 'answers-garbage', /ready: /],
  ])('and %s is ended at its deadline, with its last answer in the message', async (_, as, why) => {
    const own = begin()
    await own.workers.startInference({ ...own.inference('a', [as]), readySecondsMax: 0.3 })
    const failed = await own.event('failed')
    expect(failed.failure).toBe('not-ready-in-time')
    expect(failed.message).toMatch(why)
    expect(own.kinds('a')).toEqual(['started', 'exited', 'failed'])
  })

  test('and dies while it serves is started again, at the same address', async () => {
    const own = begin()
    await own.workers.startInference({ ...own.inference('a'), restart: briskRestarts })
    const { url } = await own.event('ready')
    await fetch(`${url}/test/die`).catch(() => {})
    expect((await own.event('exited')).exit).toEqual({ kind: 'code', code: 3 })
    expect((await own.event('restarting')).failure).toBe('ended-unexpectedly')
    expect((await own.event('ready', 1)).url).toBe(url)
  })

  test('and dies again and again is a crash loop, after longer and longer pauses', async () => {
    const own = begin()
    const spec = own.inference('a', ['dies-at-start'])
    await own.workers.startInference({ ...spec, restart: briskRestarts })
    expect(await own.event('crash-looping')).toMatchObject({ ends: 3, windowSeconds: 60 })
    const pauses = own.events.flatMap((event) =>
      event.kind === 'restarting' ? [event.inSeconds] : [],
    )
    expect(pauses).toEqual([0.05, 0.1])
    expect(own.workers.list()).toEqual([])
  })

  test('and cannot even be started says what could not', async () => {
    const own = begin()
    const command = ['/nowhere/server'] as const
    await own.workers.startInference({ ...own.inference('a'), command })
    const failed = await own.event('failed')
    expect(failed).toMatchObject({ failure: 'spawn-failed' })
    expect(failed.message).toMatch(/nowhere.*ENOENT/)
  })

  test('and freezes is found by its silence, killed and started again', async () => {
    const own = begin()
    await own.workers.startInference({ ...own.inference('a'), restart: briskRestarts })
    const { url } = await own.event('ready')
    await fetch(`${url}/test/freeze`)
    expect((await own.event('unwell')).reason).toBe('hung')
    expect((await own.event('exited')).exit).toEqual({ kind: 'signal', signal: 'SIGKILL' })
    await own.event('ready', 1)
  })

  test('and leaks is reported, then replaced before it takes all memory', async () => {
    const own = begin()
    const spec = { ...own.inference('a', ['leaks']), memoryMiBMax: 150, restart: briskRestarts }
    await own.workers.startInference(spec)
    const unwell = await own.event('unwell')
    expect(unwell.reason).toBe('leaking')
    expect(unwell.message).toMatch(/\d+ MiB of memory, 150 MiB allowed/)
    expect((await own.event('restarting')).failure).toBe('leaking')
    expect((await own.event('exited')).exit).toEqual({ kind: 'code', code: 0 })
  })

  test('and floods its log is told of, and its log stays bounded', async () => {
    const own = begin()
    await own.workers.startInference(own.inference('a', ['floods']))
    const unwell = await own.event('unwell')
    expect(unwell.reason).toBe('flooding')
    const path = join(own.dir, 'workers/a/stderr.log')
    const sizes: number[] = []
    await eventually(() => {
      sizes.push(statSync(path).size)
      return sizes.length > 40 ? true : undefined
    }, 'forty looks')
    // The bound, and what it writes between two looks of a busy supervisor.
    expect(Math.max(...sizes)).toBeLessThan(8 * 1024 * 1024)
    expect(statSync(`${path}.old`).size).toBeLessThanOrEqual(128 * 1024)
    expect(own.kinds('a').filter((kind) => kind === 'unwell')).toHaveLength(1)
    await own.event('ready')
  })

  test('and ignores SIGTERM is killed after the grace', async () => {
    const own = begin()
    await own.workers.startInference(own.inference('a', ['ignores-sigterm']))
    await own.event('ready')
    const stopped = await own.workers.stop('a', { graceSeconds: 0.1 })
    expect(stopped).toEqual({ kind: 'stopped', wasKilled: true })
    expect((await own.event('exited')).exit).toEqual({ kind: 'signal', signal: 'SIGKILL' })
  })

  test.each(['leaves-a-child', 'leaves-an-escaped-child'])(
    'and %s behind has not ended before the child has',
    async (behaviour) => {
      const own = begin()
      await own.workers.startInference(own.inference('a', [behaviour]))
      const { url } = await own.event('ready')
      const launch = launchIn(own, 'a')
      expect(await livingOf(launch)).toBe(2)
      await fetch(`${url}/test/die`).catch(() => {})
      await own.event('exited')
      expect(await livingOf(launch)).toBe(0)
    },
  )
})

describe('a trainer that misbehaves', () => {
  test('and says nothing for too long is ended', async () => {
    const own = begin()
    const spec = own.retraining('t', [2, 10, 'goes-silent'])
    await own.workers.startRetraining({ ...spec, silenceSecondsMax: 0.3 })
    expect((await own.event('unwell')).reason).toBe('hung')
    expect((await own.event('failed')).failure).toBe('hung')
  })

  test.each(['prints-garbage', 'floods'])('and %s is told of, and goes on', async (behaviour) => {
    const own = begin()
    await own.workers.startRetraining(own.retraining('t', [2, 20, behaviour]))
    expect((await own.event('unwell')).reason).not.toBe('hung')
    expect((await own.event('done')).version).toBe('v-2')
  })

  test.each([
    ['writes-no-version', /there is no .*v-1/],
    ['leads-astray', /without a word that it was done/],
  ])('and %s has made no version', async (behaviour, why) => {
    const own = begin()
    await own.workers.startRetraining(own.retraining('t', [1, 10, behaviour]))
    const failed = await own.event('failed')
    expect(failed.failure).toBe('no-version')
    expect(failed.message).toMatch(why)
  })

  test('and lingers when it is done is ended, and is done', async () => {
    const own = begin()
    await own.workers.startRetraining(own.retraining('t', [1, 10, 'lingers', 'ignores-sigterm']))
    await own.event('done')
    expect(own.kinds('t')).toEqual(['started', 'progress', 'exited', 'done'])
  })

  test.each([
    ['loses-checkpoints', false],
    ['ignores-sigterm', true],
  ])('and %s when stopped has no checkpoint', async (behaviour, wasKilled) => {
    const own = begin()
    await own.workers.startRetraining(own.retraining('t', [100, 50, behaviour]))
    await own.event('progress')
    const stopped = await own.workers.stop('t', { graceSeconds: 0.1 })
    expect(stopped).toEqual({ kind: 'stopped', wasKilled })
    expect((await own.event('stopped')).wasKilled).toBe(wasKilled)
  })
})

test('a worker that is stopped between two starts is not started again', async () => {
  const own = begin()
  const restart = { ...briskRestarts, firstDelaySeconds: 100, delaySecondsMax: 100 }
  await own.workers.startInference({ ...own.inference('a', ['dies-at-start']), restart })
  await own.event('restarting')
  expect(own.workers.list()[0]?.phase).toBe('backing-off')
  const stopped = await own.workers.stop('a', { graceSeconds: 1 })
  expect(stopped).toEqual({ kind: 'stopped', wasKilled: false })
  expect(own.kinds('a')).toEqual(['started', 'exited', 'restarting', 'stopped'])
})
