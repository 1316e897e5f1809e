import { request } from 'node:http'
import { hostSeconds } from '../../src/runtime/router/host-clock.ts'
import {
  type RouterEvent,
  serverSettingsSchema,
  type TenantSettingsInput,
  type TenantState,
  tenantSettingsSchema,
} from '../../src/runtime/router/protocol.ts'
import {
  RequestRouter,
  type RequestRouterOptions,
} from '../../src/runtime/router/request-router.ts'
import type { FakeWorker } from './fake-worker.ts'

export type Routed = {
  readonly router: RequestRouter
  readonly url: string
  readonly events: RouterEvent[]
  readonly tenant: () => TenantState
  readonly add: (worker: FakeWorker, server?: ServerWish) => string
  readonly perform: RequestRouter['perform']
  /** Resolves with the first event of that kind from now on, or that there was already. */
  readonly heard: <K extends RouterEvent['kind']>(
    kind: K,
  ) => Promise<Extract<RouterEvent, { kind: K }>>
}

export type ServerWish = {
  readonly serverId?: string
  readonly version?: string
  readonly itemsMax?: number
  readonly secondsEach?: number
  readonly tenant?: string
}

const running: RequestRouter[] = []

/** A router in this process with one tenant `a`, and what it tells. */
export async function startRouter(
  tenant: Partial<TenantSettingsInput> = {},
  options: Partial<RequestRouterOptions> = {},
): Promise<Routed> {
  const events: RouterEvent[] = []
  const router = new RequestRouter({
    now: hostSeconds,
    version: '0',
    onEvent: (event) => events.push(event),
    ...options,
  })
  running.push(router)
  await router.listen('127.0.0.1', 0)
  const settings = { tenant: 'a', sloSeconds: 2, queueRequestsMax: 1000, ...tenant }
  router.perform({
    kind: 'configure',
    id: 1,
    epoch: 'first',
    tenants: [tenantSettingsSchema.parse(settings)],
  })
  let servers = 0
  return {
    router,
    url: `http://127.0.0.1:${router.port}`,
    events,
    perform: (command) => router.perform(command),
    tenant: () => router.state().tenants[0] as TenantState,
    add: (worker, wish = {}) => {
      servers += 1
      const server = settingsOf(worker, { serverId: `s${servers}`, ...wish })
      router.perform({ kind: 'add-server', id: 1, server })
      return server.serverId
    },
    heard: async (kind) => {
      for (;;) {
        const found = events.find((event) => event.kind === kind)
        if (found !== undefined) return found as never
        await pause(5)
      }
    },
  }
}

export async function endRouters(): Promise<void> {
  await Promise.all(running.splice(0).map((router) => router.shutDown(0)))
}

export function settingsOf({ url }: { readonly url: string }, wish: ServerWish) {
  const { itemsMax = 4, secondsEach = 0.01, version = 'v1', tenant = 'a' } = wish
  return serverSettingsSchema.parse({
    serverId: wish.serverId ?? 's1',
    tenant,
    url,
    version,
    capability: {
      itemsMax,
      latencySeconds: Array.from({ length: itemsMax + 1 }, (_, n) => (n === 0 ? 0 : secondsEach)),
      capacityItemsPerSecond: itemsMax / secondsEach,
      provenance: 'own',
    },
  })
}

export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** One request on a connection of its own. Rejects when there is no answer. */
export function call(
  url: string,
  path: string,
  options: {
    readonly method?: string
    readonly body?: string | Buffer
    readonly headers?: Readonly<Record<string, string>>
  } = {},
): Promise<Answer> {
  const { body, headers = {}, method = body === undefined ? 'GET' : 'POST' } = options
  return new Promise((resolve, reject) => {
    const own = request(`${url}${path}`, { method, headers, agent: false }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8')
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
      })
    })
    own.on('error', reject)
    own.end(body)
  })
}

export const question = JSON.stringify({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [0.5, 1.5] }],
})

export const infer = (url: string, body: string | Buffer = question): Promise<Answer> =>
  call(url, '/v2/models/a/infer', { body, headers: { 'content-type': 'application/json' } })

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms))
