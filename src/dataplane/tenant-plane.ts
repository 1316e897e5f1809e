import type { ServingCapability } from '../core/workload/serving.ts'
import { type BatchWindow, chooseBatch } from './batch-rule.ts'
import { RequestRing } from './request-ring.ts'
import { type Batch, type ServerMode, ServerPool } from './server-pool.ts'
import { executionSeconds } from './service-estimate.ts'

/** Forgives the rounding of sums of seconds: an answer exactly at its deadline is in time. */
const toleranceSeconds = 1e-9

export type TenantPlaneOptions = {
  /** Infinity = no deadline: nothing is shed or late. */
  readonly sloSeconds: number
  /** How many requests may wait; Infinity = no limit. */
  readonly queueRequestsMax: number
  /** Told the handle of each request that is shed after it was admitted. */
  readonly onShed?: (handle: number) => void
}

/**
 * What became of one tenant's requests. Each request that arrived is in exactly one of the other
 * counts, or still waits or executes: `arrived = inTime + late + shed + failed + lost + held`.
 */
export type RequestCounts = {
  arrived: number
  inTime: number
  late: number
  /** Refused because the queue was full, or given up because no server could make its SLO. */
  shed: number
  /** Of `shed`: refused on arrival. */
  refused: number
  /** In the batch of a server that failed. */
  failed: number
  /** In the batch of a server that was removed, or in the queue when the run ended. */
  lost: number
  /** Batches cut, their items, and the seconds their requests waited before: queueing figures. */
  batches: number
  batchItems: number
  waitedSeconds: number
}

/**
 * What happens to each request of one tenant, in the lab and in a live router alike: a bounded
 * queue, late binding (a batch is cut when a server is idle and something waits), one lateness
 * rule, and the accounts. It is driven: `offer` a request, then `cut` until it answers -1, start
 * what was cut, and `complete` it when it is done. It knows profile estimates, never the truth;
 * the clock is handed in and must not run backwards; nothing is allocated per request.
 *
 * The lateness rule: whenever a batch may be cut, a request that even the fastest server could no
 * longer answer in time, alone and at once, is shed. Which of the others go is `chooseBatch`.
 */
export class TenantPlane {
  readonly counts: RequestCounts = {
    arrived: 0,
    inTime: 0,
    late: 0,
    shed: 0,
    refused: 0,
    failed: 0,
    lost: 0,
    batches: 0,
    batchItems: 0,
    waitedSeconds: 0,
  }
  readonly #pool = new ServerPool()
  readonly #ring: RequestRing
  readonly #patienceSeconds: number
  readonly #onShed: ((handle: number) => void) | null
  readonly #window: BatchWindow = { skip: 0, count: 0, items: 0 }

  constructor({ sloSeconds, queueRequestsMax, onShed }: TenantPlaneOptions) {
    this.#ring = new RequestRing(queueRequestsMax)
    this.#patienceSeconds = sloSeconds + toleranceSeconds
    this.#onShed = onShed ?? null
  }

  get queued(): number {
    return this.#ring.size
  }

  /** Open servers that execute nothing. */
  get available(): number {
    return this.#pool.available
  }

  /** The servers present, in order of preference. */
  get servers(): readonly number[] {
    return this.#pool.order
  }

  addServer(capability: ServingCapability): number {
    return this.#pool.add(capability)
  }

  /** Pauses, reopens or drains a server; what it executes goes on. */
  setMode(server: number, mode: ServerMode): void {
    this.#pool.setMode(server, mode)
  }

  modeOf(server: number): ServerMode | null {
    return this.#pool.modeOf(server)
  }

  /** Asked to drain, and nothing left in it. */
  isDrained(server: number): boolean {
    return this.#pool.isDrained(server)
  }

  /** The batch a server executes (count 0 = none), or has just completed. */
  batchOf(server: number): Batch {
    return this.#pool.batchOf(server)
  }

  /** Execution time of the server's batch, by the profile. */
  estimateSeconds(server: number): number {
    return executionSeconds(this.#pool.estimateOf(server), this.#pool.batchOf(server).items)
  }

  /** Takes the server out; what it executed is lost, or failed with it. */
  removeServer(server: number, fate: 'lost' | 'failed'): void {
    this.counts[fate] += this.#pool.batchOf(server).count
    this.#pool.remove(server)
  }

  /** A request arrives; false when it is refused because the queue is full. */
  offer(nowSeconds: number, items: number, handle: number): boolean {
    this.counts.arrived += 1
    if (this.#ring.isFull) {
      this.#shedHopeless(nowSeconds - this.#patienceSeconds)
      if (this.#ring.isFull) {
        this.counts.shed += 1
        this.counts.refused += 1
        return false
      }
    }
    this.#ring.push(nowSeconds, items, handle)
    return true
  }

  /** Cuts one batch for an idle server and answers its index, or -1 when there is nothing to do. */
  cut(nowSeconds: number): number {
    const pool = this.#pool
    const ring = this.#ring
    if (ring.size === 0 || pool.available === 0) return -1
    const horizonSeconds = nowSeconds - this.#patienceSeconds
    this.#shedHopeless(horizonSeconds)
    if (ring.size === 0) return -1
    const { order } = pool
    for (let rank = 0; rank < order.length; rank += 1) {
      const server = order[rank] as number
      if (!pool.isIdle(server)) continue
      chooseBatch(ring, pool.estimateOf(server), horizonSeconds, this.#window)
      if (this.#window.count === 0) continue
      this.counts.waitedSeconds += pool.begin(server, ring, this.#window, nowSeconds)
      this.counts.batches += 1
      this.counts.batchItems += this.#window.items
      return server
    }
    return -1
  }

  /**
   * The server's batch is done: its requests are in time or late, and the server is idle (or
   * drained). Answers how many were in time; `batchOf` keeps their arrivals until the next batch,
   * the late ones first, because a batch is in order of arrival.
   */
  complete(server: number, nowSeconds: number): number {
    const batch = this.#pool.batchOf(server)
    const horizonSeconds = nowSeconds - this.#patienceSeconds
    let late = 0
    while (late < batch.count && (batch.arrivalSeconds[late] as number) < horizonSeconds) late += 1
    const inTime = batch.count - late
    this.counts.late += late
    this.counts.inTime += inTime
    this.#pool.end(server)
    return inTime
  }

  /** The run is over: what still waits or executes is lost. */
  close(): void {
    for (const server of this.#pool.order) {
      const { count } = this.#pool.batchOf(server)
      if (count > 0) this.#pool.end(server)
      this.counts.lost += count
    }
    this.counts.lost += this.#ring.size
    this.#ring.drop(this.#ring.size)
  }

  #shedHopeless(horizonSeconds: number): void {
    const ring = this.#ring
    let hopeless = 0
    while (hopeless < ring.size) {
      const at = (ring.head + hopeless) & ring.mask
      const left = (ring.arrivalSeconds[at] as number) - horizonSeconds
      if (this.#pool.fastestSecondsFor(ring.items[at] as number) <= left) break
      if (this.#onShed !== null) this.#onShed(ring.handles[at] as number)
      hopeless += 1
    }
    if (hopeless === 0) return
    ring.drop(hopeless)
    this.counts.shed += hopeless
  }
}
