import { assert } from '../base/assert.ts'
import type { ServingCapability } from '../core/workload/serving.ts'
import type { BatchWindow } from './batch-rule.ts'
import type { RequestRing } from './request-ring.ts'
import { boundSecondsAlone, type ServiceEstimate, serviceEstimate } from './service-estimate.ts'

/** Whether a server takes new batches. A draining one never will again, a paused one may. */
export type ServerMode = 'open' | 'paused' | 'draining'

/** How a mode is kept: one byte a server, read at every cut. */
const absent = 0
const codeOf = { open: 1, paused: 2, draining: 3 } as const satisfies Record<ServerMode, number>
const modeOfCode: readonly (ServerMode | null)[] = [null, 'open', 'paused', 'draining']

/** The requests that a server executes, oldest first; valid until its next batch. */
export type Batch = {
  readonly arrivalSeconds: Float64Array
  readonly handles: Int32Array
  /** Requests in it; 0 = the server is idle. */
  count: number
  items: number
}

/**
 * The servers of one tenant: what each can do by its profile, whether it takes work, and the batch
 * it executes. A server's index stays its own until it is removed; then it is used again.
 */
export class ServerPool {
  #mode: Uint8Array = new Uint8Array(8)
  readonly #estimates: (ServiceEstimate | null)[] = []
  readonly #batches: Batch[] = []
  /** Indices of present servers, the preferred first (see `compare`). */
  #order: readonly number[] = []
  /** The same, by capacity: the smallest first, then by index. */
  #bySize: readonly number[] = []
  /** [n] = the least any server that takes or may take work needs for one request of n items. */
  #fastestSeconds = new Float64Array(1)
  /** Open servers without a batch. */
  available = 0

  get order(): readonly number[] {
    return this.#order
  }

  get bySize(): readonly number[] {
    return this.#bySize
  }

  add(capability: ServingCapability): number {
    const estimate = serviceEstimate(capability)
    const vacant = this.#estimates.indexOf(null)
    const server = vacant >= 0 ? vacant : this.#estimates.length
    if (server >= this.#mode.length) this.#mode = larger(this.#mode)
    this.#estimates[server] = estimate
    this.#batches[server] = {
      arrivalSeconds: new Float64Array(estimate.itemsMax),
      handles: new Int32Array(estimate.itemsMax),
      count: 0,
      items: 0,
    }
    this.#mode[server] = codeOf.open
    this.available += 1
    this.#membersChanged()
    return server
  }

  /** The server is gone, with whatever it executed. */
  remove(server: number): void {
    if (this.isIdle(server)) this.available -= 1
    this.estimateOf(server)
    this.#mode[server] = absent
    this.#estimates[server] = null
    this.batchOf(server).count = 0
    this.#membersChanged()
  }

  setMode(server: number, mode: ServerMode): void {
    this.estimateOf(server)
    assert(
      this.#mode[server] !== codeOf.draining || mode === 'draining',
      'A drained server stays so',
    )
    if (this.isIdle(server)) this.available -= 1
    this.#mode[server] = codeOf[mode]
    if (this.isIdle(server)) this.available += 1
    this.#membersChanged()
  }

  modeOf(server: number): ServerMode | null {
    return modeOfCode[this.#mode[server] ?? absent] ?? null
  }

  isOpen(server: number): boolean {
    return this.#mode[server] === codeOf.open
  }

  /** Open and without a batch. */
  isIdle(server: number): boolean {
    return this.#mode[server] === codeOf.open && this.batchOf(server).count === 0
  }

  isDrained(server: number): boolean {
    return this.#mode[server] === codeOf.draining && this.batchOf(server).count === 0
  }

  estimateOf(server: number): ServiceEstimate {
    const estimate = this.#estimates[server]
    assert(estimate !== undefined && estimate !== null, `There is no server ${server}`)
    return estimate
  }

  batchOf(server: number): Batch {
    return this.#batches[server] as Batch
  }

  /**
   * Gives positions [skip, skip + count) of the queue to an idle server, and answers the seconds
   * that they waited in all.
   */
  begin(server: number, ring: RequestRing, window: BatchWindow, nowSeconds: number): number {
    const batch = this.#batches[server] as Batch
    const { arrivalSeconds, handles, mask } = ring
    const first = ring.head + window.skip
    let waitedSeconds = 0
    for (let p = 0; p < window.count; p += 1) {
      const at = (first + p) & mask
      const arrival = arrivalSeconds[at] as number
      waitedSeconds += nowSeconds - arrival
      batch.arrivalSeconds[p] = arrival
      batch.handles[p] = handles[at] as number
    }
    batch.count = window.count
    batch.items = window.items
    this.available -= 1
    ring.remove(window.skip, window.count)
    return waitedSeconds
  }

  /** The server's batch is done; its requests stay readable until the next one. */
  end(server: number): void {
    this.batchOf(server).count = 0
    if (this.#mode[server] === codeOf.open) this.available += 1
  }

  /** What a request of `items` takes at least, alone, on the best server; 0 without servers. */
  fastestSecondsFor(items: number): number {
    if (items < this.#fastestSeconds.length) return this.#fastestSeconds[items] as number
    let fastest = Infinity
    for (const server of this.#order) {
      if (this.#mode[server] === codeOf.draining) continue
      fastest = Math.min(fastest, boundSecondsAlone(this.estimateOf(server), items))
    }
    return fastest === Infinity ? 0 : fastest
  }

  #membersChanged(): void {
    const present = this.#estimates.flatMap((estimate, server) => (estimate ? [server] : []))
    this.#bySize = [...present].sort((a, b) => this.#capacityOf(a) - this.#capacityOf(b) || a - b)
    this.#order = present.sort((a, b) => this.#compare(a, b))
    const willing = present.filter((server) => this.#mode[server] !== codeOf.draining)
    const tables = willing.map((server) => this.estimateOf(server).boundSeconds)
    const length = Math.max(1, ...tables.map((table) => table.length))
    this.#fastestSeconds = new Float64Array(length)
    for (let n = 1; n < length; n += 1) {
      const bounds = willing.map((server) => boundSecondsAlone(this.estimateOf(server), n))
      this.#fastestSeconds[n] = Math.min(...bounds)
    }
  }

  #capacityOf(server: number): number {
    return this.estimateOf(server).capacityItemsPerSecond
  }

  /**
   * Among idle servers the one with the smallest estimate for one item comes first, then the one
   * with more capacity, then the lower index. Servers are idle together only when the queue is
   * (nearly) empty, so the next batch is small and the fastest server is also the right one.
   */
  #compare(a: number, b: number): number {
    const left = this.estimateOf(a)
    const right = this.estimateOf(b)
    return (
      (left.boundSeconds[1] as number) - (right.boundSeconds[1] as number) ||
      right.capacityItemsPerSecond - left.capacityItemsPerSecond ||
      a - b
    )
  }
}

function larger(full: Uint8Array): Uint8Array {
  const grown = new Uint8Array(2 * full.length)
  grown.set(full)
  return grown
}
