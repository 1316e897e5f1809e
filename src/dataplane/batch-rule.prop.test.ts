import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type BatchWindow, chooseBatch } from './batch-rule.ts'
import { RequestRing } from './request-ring.ts'
import { type ServiceEstimate, serviceEstimate } from './service-estimate.ts'

const estimates = fc
  .array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 1, maxLength: 8 })
  .map((seconds) =>
    serviceEstimate({
      itemsMax: seconds.length,
      latencySeconds: [0, ...seconds],
      capacityItemsPerSecond: 1,
      provenance: 'own',
    }),
  )

/** Seconds left to each waiting request, oldest first, and its items. */
const queues = (itemsPerRequestMax: number) =>
  fc
    .array(
      fc.record({
        left: fc.double({ min: 0, max: 1.5, noNaN: true }),
        items: fc.integer({ min: 1, max: itemsPerRequestMax }),
      }),
      { minLength: 1, maxLength: 20 },
    )
    .map((requests) => requests.sort((a, b) => a.left - b.left))

type Waiting = readonly { readonly left: number; readonly items: number }[]

function choose(estimate: ServiceEstimate, waiting: Waiting): BatchWindow {
  const ring = new RequestRing(Infinity)
  for (const { left, items } of waiting) ring.push(left, items, 0)
  const window = { skip: 0, count: 0, items: 0 }
  chooseBatch(ring, estimate, 0, window)
  return window
}

/** Every run of consecutive requests, tried. */
function bestByTrial(seconds: Float64Array, waiting: Waiting): BatchWindow {
  let best = { skip: 0, count: 0, items: 0 }
  for (let skip = 0; skip < waiting.length; skip += 1) {
    let items = 0
    for (let end = skip; end < waiting.length; end += 1) {
      items += waiting[end]?.items ?? 0
      const fits = items < seconds.length && (seconds[items] ?? 0) <= (waiting[skip]?.left ?? 0)
      if (fits && end - skip + 1 > best.count) best = { skip, count: end - skip + 1, items }
    }
  }
  return best
}

test('of requests with one item: the longest run safely in time, the oldest of equals', () => {
  fc.assert(
    fc.property(estimates, queues(1), (estimate, waiting) => {
      const safe = bestByTrial(estimate.safeSeconds, waiting)
      const expected = safe.count > 0 ? safe : bestByTrial(estimate.boundSeconds, waiting)
      expect(choose(estimate, waiting)).toEqual(expected)
    }),
    { numRuns: 2000 },
  )
})

test('of requests with several items: a run in time, the longest before a full batch', () => {
  fc.assert(
    fc.property(estimates, queues(3), (estimate, waiting) => {
      fc.pre(waiting.every(({ items }) => items <= estimate.itemsMax))
      const { skip, count, items } = choose(estimate, waiting)
      const best = bestByTrial(estimate.boundSeconds, waiting)
      expect(count > 0).toBe(best.count > 0)
      if (count === 0) return
      const left = waiting[skip]?.left ?? 0
      expect(estimate.boundSeconds[items]).toBeLessThanOrEqual(left)
      const run = waiting.slice(skip, skip + count)
      expect(items).toBe(run.reduce((sum, request) => sum + request.items, 0))
      const safe = bestByTrial(estimate.safeSeconds, waiting)
      const full = estimate.safeSeconds[estimate.itemsMax] ?? 0
      if (left < full && safe.count > 0) expect(count).toBe(safe.count)
    }),
    { numRuns: 2000 },
  )
})

test('a request too large for a batch goes alone, as full batches one after the other', () => {
  const estimate = serviceEstimate({
    itemsMax: 2,
    latencySeconds: [0, 0.1, 0.15],
    capacityItemsPerSecond: 1,
    provenance: 'own',
  })
  const later = { left: 1, items: 1 }
  expect(choose(estimate, [{ left: 0.6, items: 5 }, later])).toEqual({
    skip: 0,
    count: 1,
    items: 5,
  })
  expect(choose(estimate, [{ left: 0.3, items: 5 }, later])).toEqual({
    skip: 1,
    count: 1,
    items: 1,
  })
})
