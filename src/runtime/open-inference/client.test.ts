import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type OpenInferenceClient, openInferenceClient } from './client.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function clientOf(
  listener: RequestListener,
  answerBytesMax = 10_000,
): Promise<OpenInferenceClient> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanUps.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return clientAt((server.address() as AddressInfo).port, answerBytesMax)
}

async function clientOfSocket(onSocket: (socket: Socket) => void): Promise<OpenInferenceClient> {
  const sockets: Socket[] = []
  const server = createSocketServer((socket) => {
    sockets.push(socket.on('error', () => {}))
    onSocket(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanUps.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return clientAt((server.address() as AddressInfo).port)
}

function clientAt(port: number, answerBytesMax = 10_000): OpenInferenceClient {
  const client = openInferenceClient(`http://127.0.0.1:${port}`, { answerBytesMax })
  cleanUps.push(() => client.close())
  return client
}

const answering = (status: number, body: string): RequestListener => {
  return (_, response) => response.writeHead(status).end(body)
}
const soon = { secondsMax: 5 }
const question = {
  inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [0.5] }],
} as const

describe('a client of a worker', () => {
  test('asks at the routes of the protocol', async () => {
    const seen: string[] = []
    const answer = {
      model_name: 'a b',
      outputs: [{ name: 'y', shape: [1], datatype: 'INT32', data: [3] }],
    }
    const client = await clientOf((request, response) => {
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        seen.push(`${request.method} ${request.url} ${body}`)
        response.end(JSON.stringify(answer))
      })
    })
    expect(await client.live(soon)).toEqual({ kind: 'ok', value: true })
    expect(await client.infer('a b', question, soon)).toEqual({ kind: 'ok', value: answer })
    expect((await client.load('m', '/versions/2', soon)).kind).toBe('ok')
    expect((await client.unload('m', soon)).kind).toBe('ok')
    expect(seen).toEqual([
      'GET /v2/health/live ',
      `POST /v2/models/a%20b/infer ${JSON.stringify(question)}`,
      'POST /v2/repository/models/m/load {"parameters":{"model_dir":"/versions/2"}}',
      'POST /v2/repository/models/m/unload {}',
    ])
  })

  test('tells a refusal with the words of the worker', async () => {
    const client = await clientOf(answering(400, '{"error":"no such model"}'))
    const refusal = { kind: 'refused', status: 400, message: 'no such model' }
    expect(await client.ready(soon)).toEqual(refusal)
    const other = await clientOf(answering(502, '<html>'))
    expect(await other.ready(soon)).toEqual({ kind: 'refused', status: 502, message: '<html>' })
  })

  test.each([
    ['no JSON', 'hello', /not JSON: "hello"/],
    ['other JSON', '{"outputs":3}', /model_name/],
    [
      'a tensor that contradicts itself',
      '{"model_name":"m","outputs":[{"name":"y","shape":[2],"datatype":"FP32","data":[1]}]}',
      /Tensor y: shape \[2\] holds 2 values, the data 1/,
    ],
    ['too much', 'x'.repeat(10_001), /./],
  ])('calls an answer of %s garbage', async (_, body, message) => {
    const client = await clientOf(answering(200, body))
    const answer = await client.infer('m', question, soon)
    expect(answer.kind).toBe('garbage')
    expect(answer.kind === 'garbage' && answer.message).toMatch(message)
  })

  test('calls an answer that is no HTTP garbage', async () => {
    const client = await clientOfSocket((socket) => socket.end('SSH-2.0-hello\r\n\r\n'))
    expect((await client.live(soon)).kind).toBe('garbage')
  })

  test('tells a broken connection, a silent worker and an empty port apart', async () => {
    const broken = await clientOfSocket((socket) => socket.on('data', () => socket.destroy()))
    expect(await broken.live(soon)).toMatchObject({ kind: 'unreachable', reason: 'broken' })
    const silent = await clientOfSocket(() => {})
    const late = await silent.live({ secondsMax: 0.05 })
    expect(late).toMatchObject({ kind: 'unreachable', reason: 'timeout' })
    const gone = await clientOf(() => {})
    for (const cleanUp of cleanUps.splice(-2, 1)) await cleanUp()
    expect(await gone.live(soon)).toMatchObject({ kind: 'unreachable', reason: 'refused' })
  })

  test('is late when the body trickles, too', async () => {
    const client = await clientOf((_, response) => {
      response.writeHead(200).write('{')
    })
    const answer = await client.modelMetadata('m', { secondsMax: 0.1 })
    expect(answer).toMatchObject({ kind: 'unreachable', reason: 'timeout' })
  })

  test('breaks off when told to, and when closed', async () => {
    const client = await clientOfSocket(() => {})
    const stop = new AbortController()
    const asked = client.live({ ...soon, signal: stop.signal })
    stop.abort()
    expect(await asked).toMatchObject({ kind: 'unreachable', reason: 'aborted' })
    const other = client.live(soon)
    await client.close()
    expect((await other).kind).toBe('unreachable')
  })
})
