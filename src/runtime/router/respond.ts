import type { IncomingMessage, ServerResponse } from 'node:http'

/** How long a body that nobody wants is read, so that the answer is not lost in a reset. */
const lingerMs = 1000

/**
 * Sends a whole answer. Where the request's body still comes, it is read and thrown away for a
 * moment: a connection closed over unread bytes is reset, and the client would never see why.
 */
export function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: { readonly status: number; readonly headers: readonly string[]; readonly body: Buffer },
): void {
  const headers = [...answer.headers, 'content-length', String(answer.body.length)]
  if (request.complete) {
    response.writeHead(answer.status, headers)
    response.end(answer.body)
    return
  }
  response.writeHead(answer.status, [...headers, 'connection', 'close'])
  response.write(answer.body)
  const timer = setTimeout(() => response.end(), lingerMs)
  request.on('end', () => response.end())
  response.on('close', () => clearTimeout(timer))
  request.resume()
}

export function respondJson(
  request: IncomingMessage,
  response: ServerResponse,
  answer: {
    readonly status: number
    readonly headers?: readonly string[]
    readonly value: unknown
  },
): void {
  const body = Buffer.from(JSON.stringify(answer.value))
  const headers = ['content-type', 'application/json', ...(answer.headers ?? [])]
  respond(request, response, { status: answer.status, headers, body })
}
