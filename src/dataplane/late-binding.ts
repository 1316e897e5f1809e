import { type BatchWindow, chooseBatch } from './batch-rule.ts'
import { oldestOf, RequestRing } from './request-ring.ts'
import type { RouterContext, WaitingRequests } from './waiting-requests.ts'

/**
 * One queue: a batch is cut when a server is idle and something waits, so no request waits at one
 * server while another could take it. Whenever a batch may be cut, a request that even the fastest
 * server could no longer answer in time, alone and at once, is shed; which of the others go is
 * `chooseBatch`.
 */
export class LateBinding implements WaitingRequests {
  readonly #context: RouterContext
  readonly #ring: RequestRing
  readonly #window: BatchWindow = { skip: 0, count: 0, items: 0 }

  constructor(context: RouterContext) {
    this.#context = context
    this.#ring = new RequestRing(context.queueRequestsMax)
  }

  get size(): number {
    return this.#ring.size
  }

  get oldestSeconds(): number {
    return oldestOf(this.#ring)
  }

  push(nowSeconds: number, items: number, handle: number): void {
    this.#ring.push(nowSeconds, items, handle)
  }

  pushBack(arrivalSeconds: number, items: number, handle: number): void {
    this.#ring.insert(arrivalSeconds, items, handle)
  }

  withdraw(handle: number): boolean {
    const position = this.#ring.find(handle)
    if (position >= 0) this.#ring.remove(position, 1)
    return position >= 0
  }

  cut(nowSeconds: number, horizonSeconds: number): number {
    const { pool, counts } = this.#context
    const ring = this.#ring
    if (ring.size === 0 || pool.available === 0) return -1
    this.shedHopeless(horizonSeconds)
    if (ring.size === 0) return -1
    const { order } = pool
    for (let rank = 0; rank < order.length; rank += 1) {
      const server = order[rank] as number
      if (!pool.isIdle(server)) continue
      chooseBatch(ring, pool.estimateOf(server), horizonSeconds, this.#window)
      if (this.#window.count === 0) continue
      counts.waitedSeconds += pool.begin(server, ring, this.#window, nowSeconds)
      counts.batches += 1
      counts.batchItems += this.#window.items
      return server
    }
    return -1
  }

  shedHopeless(horizonSeconds: number): void {
    const { pool, counts, onShed } = this.#context
    const ring = this.#ring
    let hopeless = 0
    while (hopeless < ring.size) {
      const at = (ring.head + hopeless) & ring.mask
      const left = (ring.arrivalSeconds[at] as number) - horizonSeconds
      if (pool.fastestSecondsFor(ring.items[at] as number) <= left) break
      if (onShed !== null) onShed(ring.handles[at] as number)
      hopeless += 1
    }
    if (hopeless === 0) return
    ring.drop(hopeless)
    counts.shed += hopeless
  }

  /** Nothing waits at a server. */
  serverClosed(): void {}

  clear(): void {
    this.#ring.drop(this.#ring.size)
  }
}
