import { must } from '../../base/assert.ts'
import type { Exchange } from './exchange.ts'

/** Requests by the number that the data plane knows them by; numbers are used again. */
export class ExchangeTable {
  readonly #exchanges: (Exchange | null)[] = []
  readonly #free: number[] = []

  add(exchange: Exchange): number {
    const handle = this.#free.pop() ?? this.#exchanges.length
    this.#exchanges[handle] = exchange
    exchange.handle = handle
    return handle
  }

  at(handle: number): Exchange {
    return must(this.#exchanges[handle], `There is no request ${handle}`)
  }

  /** Nothing where it has no number. */
  remove(exchange: Exchange): void {
    if (exchange.handle < 0) return
    this.#exchanges[exchange.handle] = null
    this.#free.push(exchange.handle)
    exchange.handle = -1
  }

  waiting(): readonly Exchange[] {
    return this.#exchanges.filter((exchange) => exchange?.state === 'waiting') as Exchange[]
  }
}
