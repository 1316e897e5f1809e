import { createServer, type IncomingHttpHeaders } from 'node:http'
import { Duplex } from 'node:stream'

export type ReadRequest = {
  readonly method: string
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly keepsAlive: boolean
}

export type NodeReading = { readonly requests: readonly ReadRequest[]; readonly isRefused: boolean }

/** What Node's own HTTP server reads from a connection that sends these bytes and ends. */
export function readByNode(bytes: Buffer): Promise<NodeReading> {
  const requests: ReadRequest[] = []
  let isRefused = false
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('error', () => {})
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      requests.push({
        method: request.method ?? '',
        target: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(parts).toString('latin1'),
        keepsAlive: response.shouldKeepAlive,
      })
      response.end()
    })
  })
  return new Promise((resolve) => {
    const socket = new Duplex({ read: () => {}, write: (_bytes, _encoding, done) => done() })
    server.on('clientError', () => {
      isRefused = true
      // What came whole before is still being handed out.
      setImmediate(() => setImmediate(() => socket.destroy()))
    })
    socket.on('close', () => resolve({ requests, isRefused }))
    server.emit('connection', socket)
    socket.push(bytes)
    socket.push(null)
  })
}
