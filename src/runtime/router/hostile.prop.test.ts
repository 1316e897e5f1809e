import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { endWorkers, startWorker } from '../../../test/router/fake-worker.ts'
import {
  call,
  endRouters,
  infer,
  pause,
  type Routed,
  startRouter,
} from '../../../test/router/routed.ts'

let routed: Routed
beforeAll(async () => {
  routed = await startRouter({ bodyBytesMax: 20_000, bufferBytesMax: 2000, sloSeconds: 5 })
  routed.add(await startWorker())
})
afterAll(async () => {
  await endRouters()
  await endWorkers()
})

type End = 'end' | 'destroy' | 'wait'

/** Sends these bytes, piece by piece, and ends the connection in one way or another. */
function throwAt(url: string, pieces: readonly string[], end: End, msMax = 60): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' })
    let text = ''
    const done = () => resolve(text)
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
    })
    socket.on('error', done)
    socket.on('close', done)
    socket.on('connect', async () => {
      for (const piece of pieces) {
        if (socket.writable) socket.write(Buffer.from(piece, 'latin1'))
        await pause(0)
      }
      if (end === 'end') socket.end()
      if (end === 'destroy') socket.destroy()
      setTimeout(() => socket.destroy(), msMax)
    })
  })
}

const good = 'POST /v2/models/a/infer HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}'
const path = fc.constantFrom(
  '/v2/models/a/infer',
  '/v2/models/a/feedback',
  '/v2/models/b/infer',
  '/v2/models/../../etc/passwd',
  '/v2/models/%61/infer',
  '/v2/models/__proto__/infer',
  '/v2/models/a/versions/1/infer',
  '/v2/health/ready',
  '*',
  'http://a:b@c/v2',
)
const field = fc.constantFrom(
  'content-length: 2',
  'content-length: 999999999999999',
  'content-length: -1',
  'content-length: 2, 3',
  'transfer-encoding: chunked',
  'transfer-encoding: chunked, chunked',
  'transfer-encoding: gzip',
  'expect: 100-continue',
  'expect: something else',
  'connection: upgrade\r\nupgrade: websocket',
  'connection: close',
  'migrator-request-id: forged\r\nmigrator-request-id: twice',
  'content-type: \x80\xff\t',
  'tracestate: a\x01b',
  'inference-header-content-length: -5',
  `x: ${'y'.repeat(20_000)}`,
)
const request = fc
  .record({
    method: fc.constantFrom('POST', 'GET', 'PUT', 'HEAD', 'OPTIONS', 'CONNECT', 'FOO'),
    path,
    fields: fc.array(field, { maxLength: 4 }),
    body: fc.constantFrom(
      '',
      '{}',
      '{"id":"x","label":',
      '5\r\n{}{}{\r\n0\r\n\r\n',
      'x'.repeat(5000),
    ),
  })
  .map(({ method, path: to, fields, body }) =>
    [`${method} ${to} HTTP/1.1`, 'host: x', ...fields, '', body].join('\r\n'),
  )
const noise = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 60 })
const piece = fc.oneof(
  { weight: 4, arbitrary: request },
  { weight: 2, arbitrary: fc.constant(good) },
  { weight: 1, arbitrary: noise.map((bytes) => String.fromCharCode(...bytes)) },
  { weight: 1, arbitrary: fc.constant('GET /v2 HTTP/1.1\r\n'.repeat(3)) },
)
const attack = fc.record({
  pieces: fc.array(piece, { minLength: 1, maxLength: 4 }),
  end: fc.constantFrom<End>('end', 'destroy', 'wait'),
})

test('whatever is thrown at it, the router goes on serving and holds nothing of it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(attack, { minLength: 1, maxLength: 6 }), async (attacks) => {
      const thrown = attacks.map(({ pieces, end }) => throwAt(routed.url, pieces, end))
      expect((await infer(routed.url)).status).toBe(200)
      await Promise.all(thrown)
    }),
    { numRuns: 60 },
  )
  const isQuiet = () => routed.tenant().held === 0 && routed.router.state().memory.bufferedMiB === 0
  for (let i = 0; i < 200 && !isQuiet(); i += 1) await pause(20)
  const { counts, held } = routed.tenant()
  expect({ held, buffered: routed.router.state().memory.bufferedMiB }).toEqual({
    held: 0,
    buffered: 0,
  })
  const { arrived, inTime, late, failed, shed, invalid, abandoned } = counts
  expect(inTime + late + failed + shed + invalid + abandoned).toBe(arrived)
  expect(failed).toBe(0)
}, 60_000)

test.each([
  ['POST', '/v2/models/a/versions/1/infer', 400, 'use /v2/models/a/infer'],
  ['POST', '/v2/models/b/infer', 404, 'there are: a'],
  ['GET', '/v2/models/a/infer', 405, 'takes POST'],
  ['DELETE', '/v2/health/live', 405, 'takes GET or HEAD'],
  ['GET', '/v2/models', 404, 'There is no /v2/models'],
  ['POST', '/v2/models/a/versions/1/infer/more', 404, 'There is no'],
])('%s %s is refused with %i and says what is right', async (method, at, status, words) => {
  const answer = await call(routed.url, at, { method, body: '' })
  expect(answer.status).toBe(status)
  expect(JSON.parse(answer.text).error).toContain(words)
})

test('requests sent without waiting for answers are answered in order', async () => {
  const last = good.replace('host', 'connection: close\r\nhost')
  const text = await throwAt(routed.url, [good.repeat(19) + last], 'wait', 10_000)
  expect(text.match(/HTTP\/1\.1 200 OK/g)?.length).toBe(20)
})

test('a client that closes its half of the connection has left, and holds nothing', async () => {
  await Promise.all(Array.from({ length: 20 }, () => throwAt(routed.url, [good], 'end')))
  for (let i = 0; i < 200 && routed.tenant().held > 0; i += 1) await pause(10)
  expect(routed.tenant().held).toBe(0)
})
