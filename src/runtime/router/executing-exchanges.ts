import type { Exchange } from './exchange.ts'
import type { RoutedServer } from './routed-server.ts'

/** Which exchanges each server executes. */
export class ExecutingExchanges {
  readonly #byServer = new Map<RoutedServer, Set<Exchange>>()

  add(server: RoutedServer, exchange: Exchange): void {
    const own = this.#byServer.get(server)
    if (own === undefined) this.#byServer.set(server, new Set([exchange]))
    else own.add(exchange)
  }

  delete(server: RoutedServer, exchange: Exchange): void {
    this.#byServer.get(server)?.delete(exchange)
  }

  /** As of now: it does not change under whoever goes through it. */
  of(server: RoutedServer): readonly Exchange[] {
    return [...(this.#byServer.get(server) ?? [])]
  }

  forget(server: RoutedServer): void {
    this.#byServer.delete(server)
  }
}
