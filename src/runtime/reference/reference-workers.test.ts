import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { type Supervised, supervised } from '../../../test/supervised.ts'
import { must } from '../../base/assert.ts'
import { Rng } from '../../base/rng.ts'
import { studies } from '../../learning/studies.ts'
import { labelledLine } from '../labelled-data/labelled-request.ts'
import { type OpenInferenceClient, openInferenceClient } from '../open-inference/client.ts'
import { classesIn, correctCount, driftingSource } from './drifting-source.ts'
import type { PaceFile } from './pace.ts'
import { writeInitialVersion } from './version-directory.ts'

const study = must(studies.find(({ id }) => id === 'medium'))
const drift = { distancePerSecond: 0.01, shifts: [] }
const source = driftingSource({ study, seed: 1, drift, initialStaleness: 0 })
const built = resolve(import.meta.dirname, '../../../dist/runtime/reference')
const soon = { secondsMax: 5 }
const pace: PaceFile = {
  format: 1,
  basis: 'typed for this test',
  profiles: {
    '2g.20gb': {
      serving: {
        readySeconds: 0.3,
        loadSeconds: 0.05,
        latencySeconds: [0, ...Array.from({ length: 300 }, (_, n) => 0.02 + n / 1000)],
      },
      retraining: {
        startSeconds: 0.05,
        restoreSeconds: 0.05,
        checkpointSeconds: 0.05,
        wholeSeconds: { short: 0.9, full: 0.9 },
      },
    },
  },
}

const open: { readonly own: Supervised; readonly clients: OpenInferenceClient[] }[] = []
afterEach(async () => {
  for (const { own, clients } of open.splice(0)) {
    await Promise.all(clients.map((client) => client.close()))
    await own.cleanUp()
  }
})

async function begin() {
  const own = supervised({ graceSeconds: 5 })
  const clients: OpenInferenceClient[] = []
  open.push({ own, clients })
  const paceFile = join(own.dir, 'pace.json')
  writeFileSync(paceFile, JSON.stringify(pace))
  const first = join(own.dir, 'versions/first')
  mkdirSync(join(own.dir, 'versions'))
  await writeInitialVersion(first, study, { seed: 1, labelledUntilSeconds: 0 })
  const serve = async (id: string) => {
    const command = [process.execPath, join(built, 'server.js')] as const
    await own.workers.startInference({ ...own.inference(id), command, paceFile })
    const { url } = await own.event('ready')
    const client = openInferenceClient(url)
    clients.push(client)
    return client
  }
  const trainer = (id: string) => ({
    ...own.retraining(id, []),
    command: [process.execPath, join(built, 'trainer.js')] as const,
    configurationId: 'full',
    paceFile,
  })
  return { own, serve, trainer, first }
}

/** Share of right answers at that second of the stream. */
async function accuracyOf(client: OpenInferenceClient, atSeconds: number): Promise<number> {
  const rng = new Rng(3, 'test')
  let correct = 0
  for (let i = 0; i < 3; i += 1) {
    const { request, labels } = source.requestAt(atSeconds, 300, rng)
    const answer = await client.infer('vision', request, { secondsMax: 30 })
    const classes = answer.kind === 'ok' ? must(classesIn(answer.value)) : []
    correct += correctCount(labels, classes)
  }
  return correct / 900
}

function label(dir: string, atSeconds: number): void {
  const rng = new Rng(4, 'labels')
  const lines = Array.from({ length: 300 }, () => {
    const { request, labels } = source.requestAt(atSeconds, 5, rng)
    return labelledLine(JSON.stringify(request), { label: labels, version: 'v', atSeconds })
  })
  writeFileSync(join(dir, 'train-1.jsonl'), lines.join(''))
}

describe('the reference server', () => {
  test('gets ready at its pace and says what it is, is asked and answers', async () => {
    const { own, serve } = await begin()
    const beganMs = performance.now()
    const client = await serve('a')
    await own.event('ready')
    expect(performance.now() - beganMs).toBeGreaterThan(300)
    const server = await client.serverMetadata(soon)
    expect(server.kind === 'ok' && server.value.name).toMatch(/paced by figures, not measured/)
    expect(await client.modelMetadata('vision', soon)).toMatchObject({
      value: { versions: ['first'], inputs: [{ shape: [-1, 20] }] },
    })
    const { request } = source.requestAt(0, 2, new Rng(1))
    expect(await client.infer('vision', { ...request, id: 'q' }, soon)).toMatchObject({
      value: { model_name: 'vision', model_version: 'first', id: 'q', outputs: [{ shape: [2] }] },
    })
  })

  test('refuses what it cannot read, and answers the next', async () => {
    const { serve } = await begin()
    const client = await serve('a')
    const { request } = source.requestAt(0, 2, new Rng(1))
    const input = must(request.inputs[0])
    for (const wrong of [
      { ...input, name: 'pixels' },
      { ...input, shape: [4, 10] },
      { ...input, datatype: 'INT64' as const },
      { ...input, data: ['x'] },
    ]) {
      const answer = await client.infer('vision', { inputs: [wrong] }, soon)
      expect(answer).toMatchObject({ kind: 'refused', status: 400 })
    }
    expect(await client.infer('other', request, soon)).toMatchObject({ status: 404 })
    const missing = await client.load('vision', '/nowhere', soon)
    expect(missing).toMatchObject({ kind: 'refused', message: expect.stringMatching(/nowhere/) })
    expect((await client.infer('vision', request, soon)).kind).toBe('ok')
  })

  test('answers what it was asked before it ends on SIGTERM', async () => {
    const { own, serve } = await begin()
    const client = await serve('a')
    const { request } = source.requestAt(0, 300, new Rng(1))
    const answer = client.infer('vision', request, soon)
    await new Promise((done) => setTimeout(done, 100))
    const stopped = own.workers.stop('a', { graceSeconds: 5 })
    expect((await answer).kind).toBe('ok')
    expect(await stopped).toEqual({ kind: 'stopped', wasKilled: false })
    expect((await own.event('exited')).exit).toEqual({ kind: 'code', code: 0 })
  })
})

test('a stream drifts away, a retraining wins it back, and the server takes it', async () => {
  const { own, serve, trainer } = await begin()
  const client = await serve('a')
  const fresh = await accuracyOf(client, 0)
  const stale = await accuracyOf(client, 60)
  expect(fresh - stale).toBeGreaterThan(0.2)
  const spec = trainer('t')
  label(spec.dataDir, 60)
  await own.workers.startRetraining(spec)
  await own.event('progress', 3)
  await own.workers.stop('t', { graceSeconds: 5 })
  const { fraction } = await own.event('checkpointed')
  expect(fraction).toBeGreaterThan(0)
  await own.workers.startRetraining(spec)
  const done = await own.event('done')
  const resumed = own.events.flatMap((event) => (event.kind === 'progress' ? [event] : []))
  expect(resumed.every((event, i) => event.fraction >= (resumed[i - 1]?.fraction ?? 0))).toBe(true)
  const meta = JSON.parse(readFileSync(join(done.versionDir, 'migrator-version.json'), 'utf8'))
  expect(meta).toMatchObject({ study: 'medium', samples: 1500, epochs: 15, from: 'first' })
  expect(await own.workers.load('a', done.versionDir)).toEqual({ kind: 'loaded' })
  expect(await accuracyOf(client, 60)).toBeGreaterThan(fresh - 0.05)
})

test('a trainer without labels or without a pace says so and fails', async () => {
  const { own, trainer } = await begin()
  await own.workers.startRetraining(trainer('t'))
  expect((await own.event('failed')).failure).toBe('ended-unexpectedly')
  const errors = readFileSync(join(own.dir, 'workers/t/stderr.log'), 'utf8')
  expect(errors).toMatch(/no labelled requests/)
})
