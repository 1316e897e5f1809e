import { type BatchWindow, chooseBatch } from './batch-rule.ts'
import { oldestOf, RequestRing } from './request-ring.ts'
import { boundSecondsAlone, executionSeconds, type ServiceEstimate } from './service-estimate.ts'
import type { RouterContext, WaitingRequests } from './waiting-requests.ts'

/** Safety factors on waiting and execution, and on execution alone; 1 = none. */
const alpha = 1
const beta = 1

/**
 * ELSA's routing (Kim et al., 2022; reconstructed): a request is bound on arrival, to the smallest
 * instance that still leaves slack to its deadline, of equal sizes to that with the shortest wait;
 * where none does, to the one that is done with it first. Sizes are known by what they can do.
 *
 * Ours are batches, as in late binding: an instance that becomes idle cuts one from its own queue,
 * and slack counts on what waits there going in full batches. Requests bound to an instance that
 * stops taking work are bound anew; without any instance they wait for the next.
 */
export class Elsa implements WaitingRequests {
  readonly #context: RouterContext
  /** By server index; of an absent server it is empty. */
  readonly #bound: RequestRing[] = []
  readonly #unbound: RequestRing
  /** By server index: when its batch will be done, by the profile. */
  readonly #doneSeconds: number[] = []
  readonly #window: BatchWindow = { skip: 0, count: 0, items: 0 }
  /** What `#expect` answers. */
  #waitSeconds = 0
  #executionSeconds = 0
  #size = 0

  constructor(context: RouterContext) {
    this.#context = context
    this.#unbound = new RequestRing(context.queueRequestsMax)
  }

  get size(): number {
    return this.#size
  }

  get oldestSeconds(): number {
    return Math.min(oldestOf(this.#unbound), ...this.#bound.map(oldestOf))
  }

  push(nowSeconds: number, items: number, handle: number): void {
    this.#bindAnew(nowSeconds)
    const server = this.#route(nowSeconds, items)
    this.#queueOf(server).push(nowSeconds, items, handle)
    this.#size += 1
  }

  /** Bound anew at the next cut. */
  pushBack(arrivalSeconds: number, items: number, handle: number): void {
    this.#unbound.insert(arrivalSeconds, items, handle)
    this.#size += 1
  }

  withdraw(handle: number): boolean {
    for (const ring of [this.#unbound, ...this.#bound]) {
      const position = ring.find(handle)
      if (position < 0) continue
      ring.remove(position, 1)
      this.#size -= 1
      return true
    }
    return false
  }

  cut(nowSeconds: number, horizonSeconds: number): number {
    const { pool, counts } = this.#context
    if (this.#size === 0 || pool.available === 0) return -1
    this.#bindAnew(nowSeconds)
    const { bySize } = pool
    for (let rank = 0; rank < bySize.length; rank += 1) {
      const server = bySize[rank] as number
      if (!pool.isIdle(server)) continue
      const ring = this.#queueOf(server)
      const estimate = pool.estimateOf(server)
      this.#shedFrom(ring, horizonSeconds, estimate)
      if (ring.size === 0) continue
      chooseBatch(ring, estimate, horizonSeconds, this.#window)
      if (this.#window.count === 0) continue
      counts.waitedSeconds += pool.begin(server, ring, this.#window, nowSeconds)
      counts.batches += 1
      counts.batchItems += this.#window.items
      this.#size -= this.#window.count
      this.#doneSeconds[server] = nowSeconds + executionSeconds(estimate, this.#window.items)
      return server
    }
    return -1
  }

  shedHopeless(horizonSeconds: number): void {
    const { pool } = this.#context
    this.#shedFrom(this.#unbound, horizonSeconds, null)
    for (const server of pool.order) {
      this.#shedFrom(this.#queueOf(server), horizonSeconds, pool.estimateOf(server))
    }
  }

  serverClosed(server: number): void {
    const from = this.#queueOf(server)
    for (let p = 0; p < from.size; p += 1) moveTo(this.#unbound, from, p)
    from.drop(from.size)
  }

  clear(): void {
    this.#unbound.drop(this.#unbound.size)
    for (const ring of this.#bound) ring.drop(ring.size)
    this.#size = 0
  }

  #bindAnew(nowSeconds: number): void {
    const from = this.#unbound
    while (from.size > 0) {
      const server = this.#route(nowSeconds, from.items[from.head] as number)
      if (server < 0) return
      moveTo(this.#queueOf(server), from, 0)
      from.drop(1)
    }
  }

  /** The server for a request of `items` that arrives now; -1 when none takes any. */
  #route(nowSeconds: number, items: number): number {
    const { pool, sloSeconds } = this.#context
    const { bySize } = pool
    let timely = -1
    let timelySize = 0
    let shortest = Infinity
    let first = -1
    let firstDone = Infinity
    for (let rank = 0; rank < bySize.length; rank += 1) {
      const server = bySize[rank] as number
      if (!pool.isOpen(server)) continue
      const estimate = pool.estimateOf(server)
      const size = estimate.capacityItemsPerSecond
      if (timely >= 0 && size > timelySize) return timely
      this.#expect(server, nowSeconds, items)
      const wait = this.#waitSeconds
      const execution = this.#executionSeconds
      if (wait + execution < firstDone) {
        first = server
        firstDone = wait + execution
      }
      if (sloSeconds - alpha * (wait + beta * execution) > 0 && wait < shortest) {
        timely = server
        timelySize = size
        shortest = wait
      }
    }
    return timely >= 0 ? timely : first
  }
  /** Waiting and execution of a request of `items` if it were bound to that server now. */
  #expect(server: number, nowSeconds: number, items: number): void {
    const { pool } = this.#context
    const estimate = pool.estimateOf(server)
    const { itemsMax, latencySeconds } = estimate
    const isBusy = pool.batchOf(server).count > 0
    const left = isBusy ? Math.max(0, (this.#doneSeconds[server] as number) - nowSeconds) : 0
    const queued = this.#queueOf(server).itemsWaiting
    const full = Math.floor(queued / itemsMax)
    const rest = queued - full * itemsMax
    const wait = left + full * (latencySeconds[itemsMax] as number)
    const isJoined = rest + items <= itemsMax
    this.#waitSeconds = isJoined ? wait : wait + (latencySeconds[rest] as number)
    this.#executionSeconds = executionSeconds(estimate, isJoined ? rest + items : items)
  }

  #queueOf(server: number): RequestRing {
    if (server < 0) return this.#unbound
    const known = this.#bound[server]
    if (known !== undefined) return known
    while (this.#bound.length <= server) {
      this.#bound.push(new RequestRing(this.#context.queueRequestsMax))
      this.#doneSeconds.push(0)
    }
    return this.#bound[server] as RequestRing
  }

  /** By what the server it is bound to can do; unbound, once it is late. */
  #shedFrom(ring: RequestRing, horizonSeconds: number, estimate: ServiceEstimate | null): void {
    const { counts, onShed } = this.#context
    let hopeless = 0
    while (hopeless < ring.size) {
      const at = (ring.head + hopeless) & ring.mask
      const left = (ring.arrivalSeconds[at] as number) - horizonSeconds
      const items = ring.items[at] as number
      const need = estimate === null ? 0 : boundSecondsAlone(estimate, items)
      if (need <= left) break
      if (onShed !== null) onShed(ring.handles[at] as number)
      hopeless += 1
    }
    if (hopeless === 0) return
    ring.drop(hopeless)
    this.#size -= hopeless
    counts.shed += hopeless
  }
}

/** A copy of position p, among what waits in order of arrival. */
function moveTo(to: RequestRing, from: RequestRing, p: number): void {
  const at = (from.head + p) & from.mask
  const arrival = from.arrivalSeconds[at] as number
  to.insert(arrival, from.items[at] as number, from.handles[at] as number)
}
