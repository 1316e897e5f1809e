import { createServer, type Server } from 'node:net'
import type { BufferBudget } from './buffer-budget.ts'
import { ClientConnection, type ConnectionHost } from './client-connection.ts'
import type { ClientRequest } from './client-request.ts'
import { Exchange } from './exchange.ts'
import { FeedbackUpload } from './feedback-upload.ts'
import { ModelMetadata } from './model-metadata.ts'
import type { RouterEvent } from './protocol.ts'
import { type Route, routeOf } from './route-of.ts'
import type { TenantRouter } from './tenant-router.ts'

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

const modelsNamedMax = 20

export type Strays = { unknownTenant: number; unreadable: number }

/** The router's public side: the Open Inference Protocol over HTTP/1.1. */
export class FrontDoor implements ConnectionHost {
  readonly server: Server
  readonly strays: Strays = { unknownTenant: 0, unreadable: 0 }
  readonly now: () => number
  readonly requestSecondsMax: number
  dateLine = dateLine()
  isShuttingDown = false
  readonly #options: FrontDoorOptions
  readonly #metadata = new ModelMetadata()
  readonly #connections = new Set<ClientConnection>()

  constructor(options: FrontDoorOptions) {
    this.#options = options
    this.now = options.now
    this.requestSecondsMax = options.requestSecondsMax
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#connections.add(new ClientConnection(socket, this))
    })
    this.server.maxConnections = options.connectionsMax
  }

  /** Once a second: clients that stand still. */
  sweep(): void {
    this.dateLine = dateLine()
    const now = this.now()
    for (const connection of this.#connections) connection.sweep(now)
  }

  closeIdle(): void {
    for (const connection of this.#connections) if (connection.isIdle) connection.destroy()
  }

  closeAll(): void {
    for (const connection of this.#connections) connection.destroy()
  }

  onClosed(connection: ClientConnection): void {
    this.#connections.delete(connection)
  }

  onUnreadable(): void {
    this.strays.unreadable += 1
  }

  onRequest(request: ClientRequest): void {
    const { method, target } = request.head
    const route = routeOf(target)
    if (route.kind === 'unknown') refuse(request, 404, `There is no ${route.path}`)
    else if (!route.methods.includes(method)) {
      const { path, methods } = route
      const words = `${path} takes ${methods.join(' or ')}, not ${method}`
      refuse(request, 405, words, `allow: ${methods.join(', ')}\r\n`)
    } else if (route.kind === 'node') this.#aboutNode(route, request)
    else this.#aboutModel(route, request)
  }

  #aboutNode({ what }: Extract<Route, { kind: 'node' }>, request: ClientRequest): void {
    const { tenants, version } = this.#options
    if (what === 'metadata') {
      request.answerJson(200, { name: 'migrator', version, extensions: [] })
    } else if (what === 'live') request.answerJson(200, { live: true })
    else {
      const unready = [...tenants].filter(([, tenant]) => !tenant.isReady).map(([name]) => name)
      const ready = !this.isShuttingDown && tenants.size > 0 && unready.length === 0
      request.answerJson(ready ? 200 : 503, { ready, notReady: unready.slice(0, modelsNamedMax) })
    }
  }

  #aboutModel({ what, model }: Extract<Route, { kind: 'model' }>, request: ClientRequest): void {
    const { tenants, budget, now, emit } = this.#options
    const tenant = tenants.get(model)
    if (tenant === undefined) {
      this.strays.unknownTenant += 1
      refuse(request, 404, this.#unknown(model))
    } else if (what === 'infer') {
      const exchange = new Exchange(request, { owner: tenant, budget, now })
      if ((request.head.bodyBytes ?? 0) > tenant.settings.bodyBytesMax) exchange.onTooLarge()
    } else if (what === 'feedback') {
      new FeedbackUpload(request, { tenant, budget, now, emit })
    } else if (what === 'ready') {
      const ready = tenant.isReady
      request.answerJson(ready ? 200 : 503, { name: model, ready })
    } else if (what === 'version') {
      refuse(request, 400, `The router chooses the version: use /v2/models/${model}/infer`)
    } else this.#metadataOf(tenant, request)
  }

  #metadataOf(tenant: TenantRouter, request: ClientRequest): void {
    this.#metadata.get(tenant, (metadata) => {
      if (metadata.kind === 'found') request.answerJson(200, metadata.value)
      else refuse(request, 503, metadata.message)
    })
  }

  #unknown(model: string): string {
    const names = [...this.#options.tenants.keys()].slice(0, modelsNamedMax)
    const known = names.length === 0 ? 'there are none yet' : `there are: ${names.join(', ')}`
    return `There is no model ${JSON.stringify(model.slice(0, 100))}; ${known}`
  }
}

function refuse(request: ClientRequest, status: number, error: string, lines = ''): void {
  request.answerJson(status, { error }, lines)
}

function dateLine(): string {
  return `date: ${new Date().toUTCString()}\r\n`
}
