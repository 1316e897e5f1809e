import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { endWorkers, startWorker } from '../../../test/router/fake-worker.ts'
import { call, endRouters, infer, pause, startRouter } from '../../../test/router/routed.ts'

afterEach(async () => {
  await endRouters()
  await endWorkers()
})

const path = '/v2/models/a/infer'
const head = (fields: string) => `POST ${path} HTTP/1.1\r\nhost: x\r\n${fields}\r\n\r\n`

/** A raw connection that collects what comes back. */
function raw(url: string): { readonly socket: Socket; readonly text: () => string } {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let text = ''
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1')
  })
  socket.on('error', () => {})
  return { socket, text: () => text }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(5)
}

describe('a large body', () => {
  test('is streamed to the worker, whole and once', async () => {
    const worker = await startWorker()
    const { url, add, tenant } = await startRouter({ bufferBytesMax: 1000 })
    add(worker)
    const body = Buffer.alloc(300_000, 'abc')
    expect((await infer(url, body)).status).toBe(200)
    expect(worker.requests[0]?.body.equals(body)).toBe(true)
    expect(worker.requests[0]?.headers['content-length']).toBe('300000')
    expect(tenant().counts).toMatchObject({ inTime: 1 })
  })

  test('of unknown length is streamed in chunks', async () => {
    const worker = await startWorker()
    const { url, add } = await startRouter({ bufferBytesMax: 1000 })
    add(worker)
    const body = Buffer.alloc(300_000, 'abc')
    const headers = { 'transfer-encoding': 'chunked' }
    expect((await call(url, path, { body, headers })).status).toBe(200)
    expect(worker.requests[0]?.body.equals(body)).toBe(true)
  })

  test('is not sent again when its worker dies', async () => {
    const victim = await startWorker({ answer: (_r, _s, socket) => socket.resetAndDestroy() })
    const { url, add, tenant } = await startRouter({ bufferBytesMax: 1000 })
    add(victim, { secondsEach: 0.001 })
    add(await startWorker())
    expect((await infer(url, Buffer.alloc(5000))).status).toBe(502)
    expect(tenant().counts).toMatchObject({ failed: 1, retried: 0 })
  })

  test.each([
    ['declared', { 'content-length': '5000' }],
    ['sent', { 'transfer-encoding': 'chunked' }],
  ])('beyond the limit as %s is refused with 413', async (_, headers) => {
    const worker = await startWorker()
    const { url, add, tenant } = await startRouter({ bodyBytesMax: 4000, bufferBytesMax: 1000 })
    add(worker)
    const answer = await call(url, path, { body: Buffer.alloc(5000), headers })
    expect(answer.status).toBe(413)
    expect(JSON.parse(answer.text).error).toContain('4000 bytes')
    expect(tenant().held).toBe(0)
    expect((await infer(url)).status).toBe(200)
  })
})

describe('a slow client', () => {
  test('that sends its body slowly holds no server meanwhile', async () => {
    const { url, add, tenant } = await startRouter()
    add(await startWorker(), { itemsMax: 1 })
    const { socket, text } = raw(url)
    socket.write(`${head('content-length: 4')}{`)
    await pause(30)
    expect((await infer(url)).status).toBe(200)
    socket.write('  }')
    await until(() => text().includes('200 OK'))
    socket.destroy()
    expect(tenant().counts).toMatchObject({ arrived: 2, inTime: 2 })
  })

  test('that does not read its answer holds no server either', async () => {
    const answer = Buffer.from(`{"outputs":"${'x'.repeat(900_000)}"}`)
    const worker = await startWorker({ answer: (_r, response) => response.end(answer) })
    const { url, add, tenant } = await startRouter()
    add(worker, { itemsMax: 1 })
    const sockets = Array.from({ length: 20 }, () => {
      const { socket } = raw(url)
      socket.pause()
      socket.write(`${head('content-length: 2')}{}`)
      return socket
    })
    await until(() => tenant().counts.inTime === 20)
    expect((await infer(url)).text.length).toBe(answer.length)
    for (const socket of sockets) socket.destroy()
  })

  test('that leaves in the middle of a streamed upload gives the server back', async () => {
    const { url, add, tenant } = await startRouter({ bufferBytesMax: 1000 })
    add(await startWorker(), { itemsMax: 1 })
    const { socket } = raw(url)
    socket.write(head('content-length: 100000'))
    socket.write(Buffer.alloc(50_000))
    await until(() => tenant().held === 1)
    socket.destroy()
    expect((await infer(url)).status).toBe(200)
    expect(tenant().counts).toMatchObject({ abandoned: 1, inTime: 1 })
  })
})

describe('a large answer', () => {
  test('is passed on as it comes, whole', async () => {
    const answer = Buffer.alloc(3_000_000, 'y')
    const worker = await startWorker({
      answer: (_r, response) => {
        response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(answer)
      },
    })
    const { url, add, tenant } = await startRouter()
    add(worker)
    const { status, text } = await infer(url)
    expect(status).toBe(200)
    expect(text).toBe(answer.toString())
    expect(tenant().counts).toMatchObject({ inTime: 1 })
  })

  test('whose worker dies in the middle is broken off, not completed', async () => {
    const worker = await startWorker({
      answer: (_r, response, socket) => {
        response.writeHead(200, { 'content-length': '9000000' })
        response.write(Buffer.alloc(2_000_000))
        setTimeout(() => socket.resetAndDestroy(), 100)
      },
    })
    const { url, add, tenant } = await startRouter()
    add(worker)
    await expect(infer(url)).rejects.toThrow()
    await until(() => tenant().counts.failed === 1)
  })
})

test('bodies on their way have a bound in memory, all together', async () => {
  const routed = await startRouter({ bufferBytesMax: 1 << 20 }, { bufferMiBMax: 1 })
  const { socket } = raw(routed.url)
  socket.write(head('content-length: 900000'))
  socket.write(Buffer.alloc(800_000))
  await until(() => routed.router.state().memory.bufferedMiB > 0.7)
  expect((await infer(routed.url, Buffer.alloc(400_000))).status).toBe(503)
  socket.destroy()
  await until(() => routed.router.state().memory.bufferedMiB === 0)
})
