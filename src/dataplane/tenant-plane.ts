import type { Router } from '../core/policy.ts'
import type { ServingCapability } from '../core/workload/serving.ts'
import { Elsa } from './elsa.ts'
import { LateBinding } from './late-binding.ts'
import { noRequests, type RequestCounts } from './request-counts.ts'
import { type Batch, type ServerMode, ServerPool } from './server-pool.ts'
import { executionSeconds } from './service-estimate.ts'
import type { RouterContext, WaitingRequests } from './waiting-requests.ts'

/** Forgives the rounding of sums of seconds: an answer exactly at its deadline is in time. */
const toleranceSeconds = 1e-9

export type TenantPlaneOptions = {
  /** Infinity = no deadline: nothing is shed or late. */
  readonly sloSeconds: number
  /** How many requests may wait; Infinity = no limit. */
  readonly queueRequestsMax: number
  /** Absent: late binding. */
  readonly router?: Router | undefined
  /** Told the handle of each request that is shed after it was admitted. */
  readonly onShed?: (handle: number) => void
}

/**
 * What happens to each request of one tenant, in the lab and in a live router alike: a bounded
 * queue, a router (late-binding.ts unless told otherwise), and the accounts. It is driven: `offer`
 * a request, then `cut` until it answers -1, start what was cut, and `complete` it when it is done.
 * It knows profile estimates, never the truth; the clock is handed in and must not run backwards;
 * nothing is allocated per request.
 */
export class TenantPlane {
  readonly counts: RequestCounts = noRequests()
  readonly #pool = new ServerPool()
  readonly #waiting: WaitingRequests
  readonly #queueRequestsMax: number
  readonly #context: RouterContext
  #patienceSeconds: number

  constructor({ sloSeconds, queueRequestsMax, router, onShed }: TenantPlaneOptions) {
    const { counts } = this
    const pool = this.#pool
    const context = { pool, counts, sloSeconds, queueRequestsMax, onShed: onShed ?? null }
    this.#context = context
    this.#waiting = routerOf(router ?? 'late-binding', context)
    this.#queueRequestsMax = queueRequestsMax
    this.#patienceSeconds = sloSeconds + toleranceSeconds
  }

  get queued(): number {
    return this.#waiting.size
  }

  /** Another SLO from now on, for what waits too. */
  setSlo(sloSeconds: number): void {
    this.#context.sloSeconds = sloSeconds
    this.#patienceSeconds = sloSeconds + toleranceSeconds
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
    if (mode !== 'open') this.#waiting.serverClosed(server)
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
    this.#waiting.serverClosed(server)
    this.#pool.remove(server)
  }

  /** A request arrives; false when it is refused because the queue is full. */
  offer(nowSeconds: number, items: number, handle: number): boolean {
    this.counts.arrived += 1
    const waiting = this.#waiting
    if (waiting.size >= this.#queueRequestsMax) {
      waiting.shedHopeless(nowSeconds - this.#patienceSeconds)
      if (waiting.size >= this.#queueRequestsMax) {
        this.counts.shed += 1
        this.counts.refused += 1
        return false
      }
    }
    waiting.push(nowSeconds, items, handle)
    return true
  }

  /**
   * A request whose server failed it waits again, by its first arrival, whatever the queue holds.
   * It has arrived once.
   */
  offerAgain(arrivalSeconds: number, items: number, handle: number): void {
    this.#waiting.pushBack(arrivalSeconds, items, handle)
  }

  /** Nobody waits for this request any more; false when it is not in the queue. */
  withdraw(handle: number): boolean {
    return this.#waiting.withdraw(handle)
  }

  /** When the oldest request, of `items`, can no longer be answered in time; Infinity: never. */
  hopelessAtSeconds(items: number): number {
    const patience = this.#patienceSeconds - this.#pool.fastestSecondsFor(items)
    return this.#waiting.oldestSeconds + patience
  }

  /** Sheds what can no longer be answered in time; a cut does so by itself. */
  shedHopeless(nowSeconds: number): void {
    this.#waiting.shedHopeless(nowSeconds - this.#patienceSeconds)
  }

  /** Cuts one batch for an idle server and answers its index, or -1 when there is nothing to do. */
  cut(nowSeconds: number): number {
    return this.#waiting.cut(nowSeconds, nowSeconds - this.#patienceSeconds)
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
    this.counts.lost += this.#waiting.size
    this.#waiting.clear()
  }
}

function routerOf(router: Router, context: RouterContext): WaitingRequests {
  return router === 'elsa' ? new Elsa(context) : new LateBinding(context)
}
