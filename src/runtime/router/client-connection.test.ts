import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { endWorkers, startWorker } from '../../../test/router/fake-worker.ts'
import { endRouters, pause, type Routed, startRouter } from '../../../test/router/routed.ts'

afterEach(async () => {
  await endRouters()
  await endWorkers()
})

type Raw = {
  readonly socket: Socket
  readonly text: () => string
  /** The router ended the connection. */
  readonly ended: () => boolean
}

function raw(url: string): Raw {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' })
  let text = ''
  let hasEnded = false
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1')
  })
  socket.on('error', () => {})
  socket.on('end', () => {
    hasEnded = true
  })
  return { socket, text: () => text, ended: () => hasEnded }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(2)
}

/** Everything that comes back to these bytes, until the router ends the connection. */
async function said(url: string, text: string): Promise<string> {
  const own = raw(url)
  own.socket.write(text, 'latin1')
  await until(own.ended)
  own.socket.destroy()
  return own.text()
}

const statusesIn = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, own]) => own)

const post = (fields: string, body = '', path = '/v2/models/a/infer') =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\n${fields}\r\n${body}`
const good = post('content-length: 2\r\n', '{}')
const live = 'GET /v2/health/live HTTP/1.1\r\nhost: x\r\n\r\n'
const lastLive = live.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n')

async function serving(options: Parameters<typeof startRouter>[1] = {}): Promise<Routed> {
  const routed = await startRouter({ bodyBytesMax: 5000, bufferBytesMax: 1000 }, options)
  routed.add(await startWorker())
  return routed
}

describe('a connection', () => {
  test('takes requests one after the other, however they are cut and joined', async () => {
    const { url, tenant } = await serving()
    const own = raw(url)
    const chunked = post('transfer-encoding: chunked\r\n', '1\r\n{\r\n1\r\n}\r\n0\r\n\r\n')
    for (const byte of good + chunked + live) {
      own.socket.write(byte)
      await pause(0)
    }
    own.socket.write(`\r\n${good}${live}${chunked}${lastLive}`)
    await until(own.ended)
    expect(statusesIn(own.text())).toEqual(Array.from({ length: 7 }, () => '200'))
    expect(tenant().counts).toMatchObject({ arrived: 4, inTime: 4 })
  })

  test('sends more ahead than is read, and has it all answered in order', async () => {
    const { url } = await serving()
    const text = await said(url, live.repeat(5000) + lastLive)
    expect(statusesIn(text).length).toBe(5001)
  })

  test('of HTTP/1.0 ends after the answer unless it is to be kept', async () => {
    const { url } = await serving()
    const old = live.replace('1.1', '1.0')
    expect(await said(url, old)).toContain('connection: close')
    const kept = old.replace('\r\n\r\n', '\r\nconnection: Keep-Alive\r\n\r\n')
    const text = await said(url, kept + old)
    expect(statusesIn(text)).toEqual(['200', '200'])
    expect(text).toContain('connection: keep-alive')
  })

  test('is answered with a date, and told how long it may idle', async () => {
    const { url } = await serving()
    const text = await said(url, live + lastLive)
    expect(text).toMatch(/\r\ndate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/)
    expect(text).toContain('keep-alive: timeout=75\r\n')
  })

  test('that asks for the head alone gets no body', async () => {
    const { url } = await serving()
    const text = await said(url, lastLive.replace('GET', 'HEAD'))
    expect(text).toContain('content-length: 13\r\n')
    expect(text.endsWith('\r\n\r\n')).toBe(true)
  })
})

describe('a client that waits before its body', () => {
  const fields = 'expect: 100-continue\r\nconnection: close\r\n'
  test('is told to go on', async () => {
    const { url } = await serving()
    const own = raw(url)
    own.socket.write(post(`${fields}content-length: 2\r\n`))
    await until(() => own.text() === 'HTTP/1.1 100 Continue\r\n\r\n')
    own.socket.write('{}')
    await until(own.ended)
    expect(statusesIn(own.text())).toEqual(['100', '200'])
  })

  test('is refused at once where its body is too large', async () => {
    const { url } = await serving()
    const text = await said(url, post(`${fields}content-length: 5001\r\n`))
    expect(statusesIn(text)).toEqual(['413'])
  })
})

describe('what is no request', () => {
  test('gets one answer, after those before it, and ends the connection', async () => {
    const { url, router } = await serving()
    const text = await said(url, `${live}${good}GET / HTTP/1.1\r\n bad\r\n\r\n${live}`)
    expect(statusesIn(text)).toEqual(['200', '200', '400'])
    expect(router.state().strays.unreadable).toBe(1)
  })

  test('is never sent to a worker', async () => {
    const worker = await startWorker()
    const { url, add, tenant } = await startRouter()
    add(worker)
    const both = 'content-length: 5\r\ntransfer-encoding: chunked\r\n'
    expect(statusesIn(await said(url, post(both, '0\r\n\r\nPOST')))).toEqual(['400'])
    const broken = post('transfer-encoding: chunked\r\n', '2\r\n{}\r\nxx\r\n\r\n')
    expect(statusesIn(await said(url, broken))).toEqual(['400'])
    expect(worker.requests.length).toBe(0)
    expect(tenant().held).toBe(0)
  })

  test('because it breaks off is told so', async () => {
    const { url } = await serving()
    const own = raw(url)
    own.socket.end('GET /v2 HTTP/1.1\r\nhos')
    await until(own.ended)
    expect(statusesIn(own.text())).toEqual(['400'])
  })

  test('is answered in full to a client that goes on sending', async () => {
    const { url } = await serving()
    const text = await said(url, `nonsense\r\n\r\n${'x'.repeat(1_000_000)}`)
    expect(statusesIn(text)).toEqual(['400'])
    expect(text.endsWith('}')).toBe(true)
  })
})

const standstills = [
  { where: '', seconds: 10, statuses: [] },
  { where: 'GET /v2 HTTP/1.1\r\n', seconds: 10, statuses: ['408'] },
  { where: post('content-length: 3\r\n', '{'), seconds: 60, statuses: ['408'] },
  { where: live, seconds: 75, statuses: ['200'] },
] as const

test('a client that stands still is ended, soon or late by where it stands', async () => {
  let aheadSeconds = 0
  const { url, tenant } = await serving({ now: () => 1000 + aheadSeconds })
  const all = standstills.map((standstill) => ({ ...standstill, ...raw(url) }))
  for (const { socket, where } of all) socket.write(where)
  await pause(50)
  for (const limit of [10, 60, 75]) {
    // The sweep that comes once a second finds them before their time is up, and then after.
    aheadSeconds = limit - 1
    await pause(1100)
    for (const { seconds, ended } of all) expect(ended()).toBe(seconds < limit)
    aheadSeconds = limit + 1
    await until(() => all.every(({ seconds, ended }) => ended() || seconds > limit))
  }
  expect(all.map(({ text }) => statusesIn(text()))).toEqual(
    standstills.map(({ statuses }) => statuses),
  )
  expect(tenant().held).toBe(0)
})

test('at a shutdown the answer at hand is the last, and idle connections end', async () => {
  const { url, router, add } = await startRouter()
  add(await startWorker({ delayMs: 200 }))
  const [busy, idle] = [raw(url), raw(url)]
  busy.socket.write(good)
  idle.socket.write(live)
  await until(() => idle.text() !== '')
  await pause(30)
  await router.shutDown(5)
  expect(statusesIn(busy.text())).toEqual(['200'])
  expect(busy.text()).toContain('connection: close')
  expect(idle.socket.destroyed || idle.ended()).toBe(true)
})

test('an answer of unknown length is chunked, or ends an old connection', async () => {
  const worker = await startWorker({
    answer: (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' })
      response.write('x'.repeat(1_500_000))
      response.end('end')
    },
  })
  const { url, add } = await startRouter()
  add(worker)
  const old = good.replace('1.1', '1.0')
  const text = await said(url, old)
  expect(text).not.toContain('transfer-encoding')
  expect(text.endsWith('xend')).toBe(true)
  expect(text.length).toBeGreaterThan(1_500_000)
  const own = raw(url)
  own.socket.write(good)
  await until(() => own.text().endsWith('end\r\n0\r\n\r\n'))
  expect(own.text()).toContain('transfer-encoding: chunked')
  own.socket.write(lastLive)
  await until(own.ended)
  expect(statusesIn(own.text())).toEqual(['200', '200'])
})
