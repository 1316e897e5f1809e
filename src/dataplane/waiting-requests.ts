import type { RequestCounts } from './request-counts.ts'
import type { ServerPool } from './server-pool.ts'

/**
 * Where a tenant's requests wait, and how they find a server: a router. It counts what it sheds and
 * the batches it cuts. `horizonSeconds` is now less the SLO: a request that arrived at a has
 * a - horizon seconds left.
 */
export type WaitingRequests = {
  readonly size: number
  /** When the oldest arrived; Infinity when nothing waits. */
  readonly oldestSeconds: number
  /** The caller has made sure of room. */
  push(nowSeconds: number, items: number, handle: number): void
  /** A request that left and comes back, to wait where its arrival puts it. Room as above. */
  pushBack(arrivalSeconds: number, items: number, handle: number): void
  /** Forgets one request; false when it does not wait. */
  withdraw(handle: number): boolean
  /** Gives an idle server a batch and answers its index, or -1 when there is nothing to do. */
  cut(nowSeconds: number, horizonSeconds: number): number
  /** Gives up what is known to be late already. */
  shedHopeless(horizonSeconds: number): void
  /** The server takes no batch for now, or is about to be removed. */
  serverClosed(server: number): void
  /** Forgets everything. */
  clear(): void
}

/** What a router works on and for. */
export type RouterContext = {
  readonly pool: ServerPool
  readonly counts: RequestCounts
  /** May change while requests wait. */
  sloSeconds: number
  /** Infinity = no limit. */
  readonly queueRequestsMax: number
  /** Told the handle of each request that is shed. */
  readonly onShed: ((handle: number) => void) | null
}
