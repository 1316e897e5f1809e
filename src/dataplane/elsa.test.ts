import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ServingCapability } from '../core/workload/serving.ts'
import { type ElsaInstance, elsaRoute } from '../policies/paris/elsa.ts'
import { TenantPlane } from './tenant-plane.ts'

/** A batch of n takes `first + (n - 1) x more` seconds. */
function capability(itemsMax: number, first: number, more: number): ServingCapability {
  const latencySeconds = Array.from({ length: itemsMax + 1 }, (_, n) =>
    n === 0 ? 0 : first + (n - 1) * more,
  )
  const capacityItemsPerSecond = itemsMax / (latencySeconds[itemsMax] as number)
  return { itemsMax, latencySeconds, capacityItemsPerSecond, provenance: 'own' }
}

const small = capability(1, 0.4, 0)
const large = capability(4, 0.1, 0.02)

const planeOf = (options: { slo?: number; shed?: number[] } = {}) =>
  new TenantPlane({
    sloSeconds: options.slo ?? 1,
    queueRequestsMax: 100,
    router: 'elsa',
    onShed: (handle) => options.shed?.push(handle),
  })

const handlesOf = (of: TenantPlane, server: number) => {
  const { handles, count } = of.batchOf(server)
  return [...handles.subarray(0, count)]
}

describe('a request', () => {
  test('goes to the smallest instance that leaves it slack, though a larger one is quicker', () => {
    const p = planeOf()
    p.addServer(large)
    const own = p.addServer(small)
    p.offer(0, 1, 1)
    expect(p.cut(0)).toBe(own)
  })

  test('goes to a larger one where it would wait too long', () => {
    const p = planeOf({ slo: 0.7 })
    const spare = p.addServer(large)
    const own = p.addServer(small)
    p.offer(0, 1, 1)
    expect(p.cut(0)).toBe(own)
    p.offer(0.05, 1, 2)
    expect(p.cut(0.05)).toBe(spare)
    // 0.1 s are left of the batch, 0.4 s it takes itself: 0.2 s of slack.
    p.offer(0.3, 1, 3)
    expect(p.cut(0.3)).toBe(-1)
    p.complete(own, 0.4)
    expect(p.cut(0.4)).toBe(own)
    expect(handlesOf(p, own)).toEqual([3])
  })

  test('of equal instances to the one with the shortest wait', () => {
    const p = planeOf()
    const servers = [p.addServer(small), p.addServer(small)]
    p.offer(0, 1, 1)
    expect(p.cut(0)).toBe(servers[0])
    p.offer(0.1, 1, 2)
    expect(p.cut(0.1)).toBe(servers[1])
    p.offer(0.2, 1, 3)
    p.complete(servers[1] as number, 0.25)
    expect(p.cut(0.25)).toBe(-1)
  })

  test('goes where it is done first when nobody can make it', () => {
    const p = planeOf({ slo: 0.05 })
    const quick = p.addServer(large)
    p.addServer(small)
    p.offer(0, 1, 1)
    p.offer(0, 1, 2)
    expect(p.cut(0)).toBe(-1)
    expect(p.counts.shed).toBe(2)
    expect(p.modeOf(quick)).toBe('open')
  })

  test('is given up once the instance it is bound to cannot make it, whoever else could', () => {
    const shed: number[] = []
    const p = planeOf({ shed })
    const own = p.addServer(small)
    p.offer(0, 1, 1)
    expect(p.cut(0)).toBe(own)
    p.offer(0.1, 1, 2)
    p.addServer(large)
    p.complete(own, 0.8)
    expect(p.cut(0.8)).toBe(-1)
    expect(shed).toEqual([2])
  })
})

describe('when instances come and go', () => {
  test('a request without any waits for the next, in order of arrival', () => {
    const p = planeOf()
    p.offer(0, 1, 1)
    p.offer(0.1, 1, 2)
    expect(p.cut(0.1)).toBe(-1)
    const own = p.addServer(large)
    expect(p.cut(0.2)).toBe(own)
    expect(handlesOf(p, own)).toEqual([1, 2])
  })

  test('what waits at one that drains or is removed is bound anew, with its own arrival', () => {
    for (const goes of ['draining', 'paused', 'removed'] as const) {
      const p = planeOf()
      const own = p.addServer(small)
      p.offer(0, 1, 1)
      p.cut(0)
      p.offer(0.1, 1, 2)
      const other = p.addServer(large)
      if (goes === 'removed') p.removeServer(own, 'failed')
      else p.setMode(own, goes)
      expect(p.cut(0.2)).toBe(other)
      expect(handlesOf(p, other)).toEqual([2])
      expect(p.counts.failed).toBe(goes === 'removed' ? 1 : 0)
      expect(p.complete(other, 1.05)).toBe(1)
    }
  })
})

type Arrival = { readonly gap: number; readonly items: number }

/** Drives a plane with executions as estimated; answers who was expected and who took each. */
function routes(servers: readonly ServingCapability[], arrivals: readonly Arrival[], slo: number) {
  const shed: number[] = []
  const plane = planeOf({ slo, shed })
  for (const own of servers) plane.addServer(own)
  const queued = servers.map((): { handle: number; items: number }[] => [])
  const done = servers.map(() => Number.NEGATIVE_INFINITY)
  const expected: (number | null)[] = []
  const taken: number[] = []
  let now = 0
  const start = () => {
    for (let server = plane.cut(now); server >= 0; server = plane.cut(now)) {
      done[server] = now + plane.estimateSeconds(server)
      for (const handle of handlesOf(plane, server)) taken[handle] = server
      leave(handlesOf(plane, server))
    }
    leave(shed)
  }
  const leave = (handles: readonly number[]) => {
    for (const queue of queued) {
      const left = queue.filter(({ handle }) => !handles.includes(handle))
      queue.splice(0, queue.length, ...left)
    }
  }
  const advance = (until: number) => {
    for (;;) {
      const next = done.indexOf(Math.min(...done.filter((at) => at > Number.NEGATIVE_INFINITY)))
      if (next < 0 || (done[next] as number) > until) break
      now = done[next] as number
      done[next] = Number.NEGATIVE_INFINITY
      plane.complete(next, now)
      start()
    }
    now = until
  }
  for (const [handle, { gap, items }] of arrivals.entries()) {
    advance(now + gap)
    const instances = servers.map((own, server): ElsaInstance => {
      const waiting = (queued[server] ?? []).reduce((sum, request) => sum + request.items, 0)
      const full = Math.floor(waiting / own.itemsMax)
      const rest = waiting % own.itemsMax
      const seconds = (n: number) => own.latencySeconds[n] as number
      const isJoined = rest + items <= own.itemsMax
      const left = Math.max(0, (done[server] as number) - now)
      const ahead = left + full * seconds(own.itemsMax)
      return {
        size: own.capacityItemsPerSecond,
        waitSeconds: isJoined ? ahead : ahead + seconds(rest),
        executionSeconds: () => seconds(isJoined ? rest + items : items),
      }
    })
    const route = elsaRoute(instances, items, { sloSeconds: slo, alpha: 1, beta: 1 })
    expected.push(route)
    queued[route as number]?.push({ handle, items })
    plane.offer(now, items, handle)
    start()
  }
  advance(now + 1000)
  return { expected, taken, counts: plane.counts }
}

const server = fc
  .tuple(fc.integer({ min: 4, max: 8 }), fc.integer({ min: 1, max: 9 }), fc.integer({ max: 4 }))
  .map(([itemsMax, first, more]) => capability(itemsMax, first / 10, Math.max(0, more) / 64))
const arrival = fc.record({
  gap: fc.integer({ min: 0, max: 20 }).map((n) => n / 128),
  items: fc.integer({ min: 1, max: 4 }),
})

test('routes as the reconstruction of ELSA does, and loses nobody', () => {
  const servers = fc.array(server, { minLength: 1, maxLength: 5 })
  const arrivals = fc.array(arrival, { minLength: 20, maxLength: 80 })
  fc.assert(
    fc.property(servers, arrivals, (present, requests) => {
      for (const slo of [4, 2, 1]) {
        const { expected, taken, counts } = routes(present, requests, slo)
        for (const [handle, own] of taken.entries()) {
          if (own !== undefined) expect(own).toBe(expected[handle])
        }
        expect(counts.inTime + counts.late + counts.shed).toBe(requests.length)
      }
    }),
    { numRuns: 300 },
  )
})
