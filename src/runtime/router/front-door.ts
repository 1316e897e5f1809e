import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { BufferBudget } from './buffer-budget.ts'
import { Exchange } from './exchange.ts'
import { ModelMetadata } from './model-metadata.ts'
import type { RouterEvent } from './protocol.ts'
import { respondJson } from './respond.ts'
import { type Route, routeOf } from './route-of.ts'
import { feedbackBytesMax, takeFeedback } from './take-feedback.ts'
import type { TenantRouter } from './tenant-router.ts'
import { Upload } from './upload.ts'

export type FrontDoorOptions = {
  readonly tenants: ReadonlyMap<string, TenantRouter>
  readonly budget: BufferBudget
  readonly now: () => number
  readonly emit: (event: RouterEvent) => void
  /** What the program calls itself in its metadata. */
  readonly version: string
  /** Connections at a time; more are closed at once. */
  readonly connectionsMax: number
  /** A whole request must have come by then. */
  readonly requestSecondsMax: number
}

const headerBytesMax = 16 << 10
const headerMsMax = 10_000
const idleMsMax = 75_000
const checkMs = 1000
const modelsNamedMax = 20
const noMemory = 'The router holds as many bodies as it may'

type Reply = {
  readonly status: number
  readonly value: unknown
  readonly headers?: readonly string[]
}

export type Strays = { unknownTenant: number; unreadable: number }

/**
 * The router's public side: the Open Inference Protocol over HTTP/1.1. Node's server reads it, the
 * parser that the whole world throws its garbage at.
 */
export class FrontDoor {
  readonly server: Server
  readonly strays: Strays = { unknownTenant: 0, unreadable: 0 }
  isShuttingDown = false
  readonly #options: FrontDoorOptions
  readonly #metadata = new ModelMetadata()
  readonly #exchanges = new Set<Exchange>()

  constructor(options: FrontDoorOptions) {
    this.#options = options
    this.server = createServer(
      {
        maxHeaderSize: headerBytesMax,
        headersTimeout: headerMsMax,
        requestTimeout: 1000 * options.requestSecondsMax,
        keepAliveTimeout: idleMsMax,
        connectionsCheckingInterval: checkMs,
        noDelay: true,
      },
      (request, response) => this.#handle(request, response),
    )
    this.server.maxConnections = options.connectionsMax
    this.server.on('clientError', (error, socket) => this.#unreadable(error, socket as Socket))
  }

  /** Once a second: clients that stand still. */
  sweep(): void {
    const now = this.#options.now()
    for (const exchange of this.#exchanges) {
      exchange.sweep(now)
      if (exchange.isOver) this.#exchanges.delete(exchange)
    }
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    // A socket's trouble ends in its response's `close`.
    request.on('error', () => {})
    response.on('error', () => {})
    if (this.isShuttingDown) response.setHeader('connection', 'close')
    const reply = this.#replyTo(routeOf(request.url ?? '/'), request, response)
    if (reply !== null) respondJson(request, response, reply)
  }

  /** What to say at once; null where the answer takes time. */
  #replyTo(route: Route, request: IncomingMessage, response: ServerResponse): Reply | null {
    if (route.kind === 'unknown') return errorReply(404, `There is no ${route.path}`)
    const { methods, path } = route
    if (!methods.includes(request.method ?? '')) {
      const reply = errorReply(405, `${path} takes ${methods.join(' or ')}, not ${request.method}`)
      return { ...reply, headers: ['allow', methods.join(', ')] }
    }
    if (route.kind === 'node') return this.#aboutNode(route)
    const tenant = this.#options.tenants.get(route.model)
    if (tenant === undefined) {
      this.strays.unknownTenant += 1
      return errorReply(404, this.#unknown(route.model))
    }
    if (route.what === 'ready') {
      const ready = tenant.isReady
      return { status: ready ? 200 : 503, value: { name: route.model, ready } }
    }
    if (route.what === 'version') {
      const right = `/v2/models/${route.model}/infer`
      return errorReply(400, `The router chooses the version: use ${right}`)
    }
    if (route.what === 'infer') this.#infer(tenant, request, response)
    else if (route.what === 'feedback') this.#feedback(tenant, request, response)
    else this.#metadataOf(tenant, request, response)
    return null
  }

  #aboutNode({ what }: Extract<Route, { kind: 'node' }>): Reply {
    const { tenants, version } = this.#options
    if (what === 'metadata') {
      return { status: 200, value: { name: 'migrator', version, extensions: [] } }
    }
    if (what === 'live') return { status: 200, value: { live: true } }
    const unready = [...tenants].filter(([, tenant]) => !tenant.isReady).map(([name]) => name)
    const ready = !this.isShuttingDown && tenants.size > 0 && unready.length === 0
    return {
      status: ready ? 200 : 503,
      value: { ready, notReady: unready.slice(0, modelsNamedMax) },
    }
  }

  #infer(tenant: TenantRouter, request: IncomingMessage, response: ServerResponse): void {
    const { budget, now } = this.#options
    const { bodyBytesMax } = tenant.settings
    const exchange = new Exchange(request, response, {
      owner: tenant,
      budget,
      now,
      receive: (self) =>
        new Upload(request, {
          limits: tenant.settings,
          budget,
          now,
          listener: {
            onBuffered: (body) => {
              self.body = body
              tenant.offer(self)
            },
            onLarge: () => tenant.offer(self),
            onTooLarge: () => {
              tenant.onUploadFailed(self, 413, `A body has at most ${bodyBytesMax} bytes`)
            },
            onNoMemory: () => {
              tenant.onUploadFailed(self, 503, noMemory)
            },
          },
        }),
    })
    this.#exchanges.add(exchange)
    response.on('close', () => this.#exchanges.delete(exchange))
    if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) {
      tenant.onUploadFailed(exchange, 413, `A body has at most ${bodyBytesMax} bytes`)
    }
  }

  #feedback(tenant: TenantRouter, request: IncomingMessage, response: ServerResponse): void {
    const { budget, now, emit } = this.#options
    const reply = (value: Reply) => respondJson(request, response, value)
    const tooLarge = () => reply(errorReply(413, `Feedback has at most ${feedbackBytesMax} bytes`))
    const upload = new Upload(request, {
      limits: { bodyBytesMax: feedbackBytesMax, bufferBytesMax: feedbackBytesMax },
      budget,
      now,
      listener: {
        onBuffered: (body) => {
          const { status, value, event } = takeFeedback(tenant, body, now())
          upload.close()
          if (event !== null) emit(event)
          reply({ status, value })
        },
        onLarge: tooLarge,
        onTooLarge: tooLarge,
        onNoMemory: () => reply(errorReply(503, noMemory)),
      },
    })
    response.on('close', () => upload.close())
    request.on('close', () => upload.close())
  }

  #metadataOf(tenant: TenantRouter, request: IncomingMessage, response: ServerResponse): void {
    this.#metadata.get(tenant, (metadata) => {
      if (response.destroyed) return
      const isFound = metadata.kind === 'found'
      const reply = isFound
        ? { status: 200, value: metadata.value }
        : errorReply(503, metadata.message)
      respondJson(request, response, reply)
    })
  }

  #unknown(model: string): string {
    const names = [...this.#options.tenants.keys()].slice(0, modelsNamedMax)
    const known = names.length === 0 ? 'there are none yet' : `there are: ${names.join(', ')}`
    return `There is no model ${JSON.stringify(model.slice(0, 100))}; ${known}`
  }

  /** What cannot be read as a request is answered where it still can be, and its socket goes. */
  #unreadable(error: Error & { readonly code?: string }, socket: Socket): void {
    this.strays.unreadable += 1
    if (socket.writable && socket.bytesWritten === 0) {
      socket.end(`HTTP/1.1 ${statusLineOf(error.code)}\r\nconnection: close\r\n\r\n`)
    }
    socket.destroySoon()
  }
}

function errorReply(status: number, error: string): Reply {
  return { status, value: { error } }
}

function statusLineOf(code: string | undefined): string {
  if (code === 'HPE_HEADER_OVERFLOW') return '431 Request Header Fields Too Large'
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return '408 Request Timeout'
  return '400 Bad Request'
}
