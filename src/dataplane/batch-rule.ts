import type { RequestRing } from './request-ring.ts'
import type { ServiceEstimate } from './service-estimate.ts'

/** Positions [skip, skip + count) of a queue, `items` in all. Reused from cut to cut. */
export type BatchWindow = { skip: number; count: number; items: number }

/**
 * The batch that an idle server takes: the run of consecutive waiting requests that answers most
 * of them safely within the SLO, and of several such runs the oldest. While the oldest request
 * leaves time for a full batch this is simply the head of the queue. Under overload it prefers a
 * full batch to saving a request that would force a small one: a server that lets late requests
 * shrink its batches never catches up (the early drop of Nexus, SOSP 2019). Over 144 combinations
 * of model, SLO and instances of data/profiles/parvagpu.json, at load 1.2 with exact profiles, it
 * answers 0.83 in time; shrinking answers 0.48.
 *
 * "Safely" is `safeSeconds`; only when nothing is safe does the bare estimate count. What is
 * skipped stays queued: another server, or a shorter queue, may still make it.
 * `horizonSeconds` is now less the SLO: a request that arrived at a has a - horizon seconds left.
 * `window.count` is 0 when the server can make nothing that waits.
 */
export function chooseBatch(
  ring: RequestRing,
  estimate: ServiceEstimate,
  horizonSeconds: number,
  window: BatchWindow,
): void {
  const { safeSeconds, itemsMax } = estimate
  const limit = Math.min(ring.size, itemsMax)
  const left = (ring.arrivalSeconds[ring.head] as number) - horizonSeconds
  if (ring.itemsWaiting === ring.size && (safeSeconds[limit] as number) <= left) {
    window.skip = 0
    window.count = limit
    window.items = limit
    return
  }
  searchBatch(ring, safeSeconds, horizonSeconds, window)
  if (window.count === 0) searchBatch(ring, estimate.boundSeconds, horizonSeconds, window)
}

/**
 * Slides a window over the queue: for each oldest request the longest run that it leaves time for.
 * Both ends only move forwards, so the cost is the part of the queue that is short of time, which
 * a cut later is gone. Stops where the window is limited by the batch or the queue, not by time,
 * and at a request too large for a batch, which goes alone.
 */
function searchBatch(
  ring: RequestRing,
  seconds: Float64Array,
  horizonSeconds: number,
  window: BatchWindow,
): void {
  const { arrivalSeconds, items, head, mask, size } = ring
  const itemsMax = seconds.length - 1
  window.skip = 0
  window.count = 0
  window.items = 0
  let itemsInTime = 0
  let end = 0
  let held = 0
  for (let skip = 0; skip < size; skip += 1) {
    const left = (arrivalSeconds[(head + skip) & mask] as number) - horizonSeconds
    const own = items[(head + skip) & mask] as number
    if (own > itemsMax) {
      if (window.count > 0) return
      if (Math.ceil(own / itemsMax) * (seconds[itemsMax] as number) <= left) {
        window.skip = skip
        window.count = 1
        window.items = own
        return
      }
    }
    while (itemsInTime < itemsMax && (seconds[itemsInTime + 1] as number) <= left) itemsInTime += 1
    for (; end < size; end += 1) {
      const next = items[(head + end) & mask] as number
      if (held + next > itemsInTime) break
      held += next
    }
    if (end - skip > window.count) {
      window.skip = skip
      window.count = end - skip
      window.items = held
    }
    if (window.count > 0 && (itemsInTime === itemsMax || end === size)) return
    if (end > skip) held -= own
    else end = skip + 1
  }
}
