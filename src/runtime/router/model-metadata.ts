import { askWorker } from './ask-worker.ts'
import type { RoutedServer } from './routed-server.ts'
import type { TenantRouter } from './tenant-router.ts'

export type Metadata =
  | { readonly kind: 'found'; readonly value: Readonly<Record<string, unknown>> }
  | { readonly kind: 'unavailable'; readonly message: string }

type Known = { readonly version: string; readonly value: Readonly<Record<string, unknown>> }

/**
 * What a tenant's workers say about their model, under the tenant's name and with the versions that
 * serve. Asked of one worker, and once only for each version: a version's inputs do not change.
 */
export class ModelMetadata {
  readonly #known = new WeakMap<TenantRouter, Known>()
  readonly #asking = new WeakMap<RoutedServer, ((metadata: Metadata) => void)[]>()

  get(tenant: TenantRouter, onFound: (metadata: Metadata) => void): void {
    const servers = tenant.servers.open()
    const server = servers[0]
    if (server === undefined) {
      onFound({ kind: 'unavailable', message: 'No instance serves it at the moment' })
      return
    }
    const versions = [...new Set(servers.map(({ version }) => version))]
    const known = this.#known.get(tenant)
    if (known?.version === server.version) {
      onFound({ kind: 'found', value: { ...known.value, versions } })
      return
    }
    const waiting = this.#asking.get(server)
    if (waiting !== undefined) waiting.push(onFound)
    else this.#ask(tenant, { server, versions, onFound })
  }

  #ask(
    tenant: TenantRouter,
    {
      server,
      versions,
      onFound,
    }: {
      readonly server: RoutedServer
      readonly versions: readonly string[]
      readonly onFound: (metadata: Metadata) => void
    },
  ): void {
    const waiting = [onFound]
    this.#asking.set(server, waiting)
    const name = tenant.settings.tenant
    const model = server.settings.model ?? name
    const { version } = server
    askWorker(server.client, `/v2/models/${model}`, (reply) => {
      this.#asking.delete(server)
      const said = reply.kind === 'reply' && reply.status === 200 ? objectIn(reply.body) : null
      const value = said === null ? null : { ...said, name, versions }
      if (value !== null) this.#known.set(tenant, { version, value })
      const metadata: Metadata =
        value === null
          ? { kind: 'unavailable', message: 'Its instance does not say what it serves' }
          : { kind: 'found', value }
      for (const tell of waiting) tell(metadata)
    })
  }
}

function objectIn(body: Buffer): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Readonly<Record<string, unknown>>) : null
  } catch {
    return null
  }
}
