import { must } from '../../base/assert.ts'
import type { RoutedServer } from './routed-server.ts'

/** One tenant's servers, by their name and by their index in the data plane. */
export class TenantServers {
  readonly #byId = new Map<string, RoutedServer>()
  readonly #byIndex: (RoutedServer | null)[] = []

  get all(): readonly RoutedServer[] {
    return [...this.#byId.values()]
  }

  add(server: RoutedServer): void {
    this.#byId.set(server.settings.serverId, server)
    this.#byIndex[server.index] = server
  }

  delete(server: RoutedServer): void {
    this.#byId.delete(server.settings.serverId)
    this.#byIndex[server.index] = null
  }

  find(serverId: string): RoutedServer | null {
    return this.#byId.get(serverId) ?? null
  }

  at(index: number): RoutedServer {
    return must(this.#byIndex[index], `There is no server ${index}`)
  }

  /** Those that take work. */
  open(): readonly RoutedServer[] {
    return this.all.filter(({ wanted, isFailed }) => wanted === 'open' && !isFailed)
  }
}
