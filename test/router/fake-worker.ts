import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export type FakeRequest = {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

export type FakeWorker = {
  readonly url: string
  readonly port: number
  /** Inferences it got, whole ones. */
  readonly requests: FakeRequest[]
  /** Connections ever made to it. */
  readonly connections: () => number
  /** As a process that dies: every connection breaks, and no new one is taken. */
  readonly die: () => Promise<void>
}

export type FakeWorkerOptions = {
  /** Answers an inference; absent: 200, with its port as the first output. */
  readonly answer?: (request: FakeRequest, response: ServerResponse, socket: Socket) => void
  readonly delayMs?: number
  readonly port?: number
  /** Status of its health check. */
  readonly health?: () => number
}

const all: FakeWorker[] = []

/** A worker over real HTTP, in this process. */
export async function startWorker(options: FakeWorkerOptions = {}): Promise<FakeWorker> {
  const requests: FakeRequest[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const path = request.url ?? ''
      if (path === '/v2/health/ready') {
        response.writeHead(options.health?.() ?? 200).end()
        return
      }
      if (request.method === 'GET') {
        const inputs = [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }]
        response.end(JSON.stringify({ name: 'inner', versions: ['1'], platform: 'test', inputs }))
        return
      }
      const own: FakeRequest = { path, headers: request.headers, body: Buffer.concat(parts) }
      requests.push(own)
      const answer = () => {
        if (options.answer !== undefined) options.answer(own, response, request.socket)
        else answerWith(response, [worker.port])
      }
      if (options.delayMs === undefined) answer()
      else setTimeout(answer, options.delayMs)
    })
  })
  server.keepAliveTimeout = 5000
  server.on('connection', (socket: Socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const worker: FakeWorker = {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    connections: () => connections,
    die: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      // A reset of what is half closed already never ends (Node 20).
      for (const socket of sockets) {
        if (socket.readableEnded || socket.writableEnded) socket.destroy()
        else socket.resetAndDestroy()
      }
      return closed
    },
  }
  all.push(worker)
  return worker
}

export async function endWorkers(): Promise<void> {
  await Promise.all(all.splice(0).map((worker) => worker.die()))
}

/** A good answer whose first output holds these values. */
export function answerWith(response: ServerResponse, data: readonly unknown[]): void {
  const outputs = [{ name: 'y', datatype: 'INT64', shape: [data.length], data }]
  const body = JSON.stringify({ model_name: 'm', model_version: '1', outputs })
  response.writeHead(200, { 'content-type': 'application/json' }).end(body)
}
