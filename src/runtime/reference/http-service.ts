import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { readInferRequest, readJson } from '../open-inference/read-message.ts'
import { fault, type InferenceService, type Reply } from './inference-service.ts'

const bodyBytesMax = 16 * 1024 * 1024

/** The service over HTTP, by the routes of the protocol; not yet listening. */
export function httpService(service: InferenceService, tenant: string): Server {
  const server = createServer((request, response) => {
    reply(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else send(response, fault(500, String(error)))
    })
  })
  // The supervisor and the router hold their connections; closing idle ones races with requests.
  server.keepAliveTimeout = 0
  return server

  async function reply(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathIn(request.url ?? '')
    if (request.method === 'GET') return send(response, await ask(path))
    if (request.method !== 'POST') return send(response, fault(405, 'GET or POST'))
    const text = await bodyOf(request)
    if (text === null) return send(response, fault(413, `More than ${bodyBytesMax} bytes`))
    send(response, await tell(path, text))
  }

  async function ask(path: string): Promise<Reply> {
    switch (path) {
      case '/v2/health/live':
        return { status: 200, body: {} }
      case '/v2/health/ready':
      case `/v2/models/${tenant}/ready`:
        return service.isReady() ? { status: 200, body: {} } : fault(503, 'It is not ready yet')
      case '/v2':
        return { status: 200, body: service.server() }
      case `/v2/models/${tenant}`:
        return { status: 200, body: service.model() }
      default:
        return fault(404, `There is no ${path}`)
    }
  }

  async function tell(path: string, text: string): Promise<Reply> {
    const json = readJson(text === '' ? '{}' : text)
    if (json.kind === 'invalid') return fault(400, json.reason)
    switch (path) {
      case `/v2/models/${tenant}/infer`: {
        const read = readInferRequest(json.value)
        return read.kind === 'valid' ? service.infer(read.value) : fault(400, read.reason)
      }
      case `/v2/repository/models/${tenant}/load`:
        return service.load(parametersIn(json.value))
      default:
        return fault(404, `There is no ${path}`)
    }
  }
}

/** Without the query; as it came where it is malformed, so that it matches no route. */
function pathIn(url: string): string {
  const path = url.split('?', 1)[0] ?? ''
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function parametersIn(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || !('parameters' in value)) return {}
  const { parameters } = value
  return typeof parameters === 'object' && parameters !== null ? { ...parameters } : {}
}

/** The whole body, or null: it is too large. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length
    if (length > bodyBytesMax) return null
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

function send(response: ServerResponse, { status, body }: Reply): void {
  const text = JSON.stringify(body)
  response
    .writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    })
    .end(text)
}
