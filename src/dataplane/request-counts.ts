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

export function noRequests(): RequestCounts {
  return {
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
}
