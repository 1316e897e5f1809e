import type { Exchange } from './exchange.ts'
import type { RoutedServer } from './routed-server.ts'

/** Which exchanges each server executes, in short lists that change with every request. */
export class ExecutingExchanges {
  readonly #byServer = new Map<RoutedServer, Exchange[]>()

  add(server: RoutedServer, exchange: Exchange): void {
    const own = this.#byServer.get(server)
    if (own === undefined) this.#byServer.set(server, [exchange])
    else own.push(exchange)
  }

  delete(server: RoutedServer, exchange: Exchange): void {
    const own = this.#byServer.get(server)
    const at = own?.indexOf(exchange) ?? -1
    if (own === undefined || at < 0) return
    const last = own.pop() as Exchange
    if (at < own.length) own[at] = last
  }

  /** As of now: it does not change under whoever goes through it. */
  of(server: RoutedServer): readonly Exchange[] {
    return [...(this.#byServer.get(server) ?? [])]
  }

  forget(server: RoutedServer): void {
    this.#byServer.delete(server)
  }
}
