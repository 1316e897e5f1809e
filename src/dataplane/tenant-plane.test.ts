import { describe, expect, test } from 'vitest'
import type { ServingCapability } from '../core/workload/serving.ts'
import { TenantPlane } from './tenant-plane.ts'

/** A batch of n takes `first + (n - 1) x more` seconds. */
function capability(itemsMax: number, first: number, more: number): ServingCapability {
  const latencySeconds = Array.from({ length: itemsMax + 1 }, (_, n) =>
    n === 0 ? 0 : first + (n - 1) * more,
  )
  const capacityItemsPerSecond = itemsMax / (latencySeconds[itemsMax] as number)
  return { itemsMax, latencySeconds, capacityItemsPerSecond, provenance: 'own' }
}

const plane = (options: { slo?: number; queue?: number; shed?: number[] } = {}) =>
  new TenantPlane({
    sloSeconds: options.slo ?? 1,
    queueRequestsMax: options.queue ?? 100,
    onShed: (handle) => options.shed?.push(handle),
  })

const handlesOf = (of: TenantPlane, server: number) => {
  const { handles, count } = of.batchOf(server)
  return [...handles.subarray(0, count)]
}

describe('late binding', () => {
  test('requests wait together, and a server takes a batch when it is idle', () => {
    const p = plane()
    for (let i = 0; i < 3; i += 1) p.offer(i / 10, 1, i)
    expect(p.cut(0.2)).toBe(-1)
    const server = p.addServer(capability(2, 0.1, 0.01))
    expect(p.cut(0.2)).toBe(server)
    expect(handlesOf(p, server)).toEqual([0, 1])
    expect(p.estimateSeconds(server)).toBeCloseTo(0.11)
    expect(p.cut(0.25)).toBe(-1)
    expect(p.complete(server, 0.3)).toBe(2)
    expect(p.cut(0.3)).toBe(server)
    expect(handlesOf(p, server)).toEqual([2])
  })

  test('the idle server with the smallest estimate goes first, then the lower index', () => {
    const p = plane()
    const slow = p.addServer(capability(8, 0.2, 0.01))
    const fast = p.addServer(capability(1, 0.1, 0.01))
    const alike = p.addServer(capability(1, 0.1, 0.01))
    expect(p.servers).toEqual([fast, alike, slow])
    const cuts = [0, 1, 2].map((i) => {
      p.offer(i / 100, 1, i)
      return p.cut(i / 100)
    })
    expect(cuts).toEqual([fast, alike, slow])
  })
})

describe('the lateness rule', () => {
  test('when a batch is cut, what not even the fastest server can answer in time is shed', () => {
    const shed: number[] = []
    const p = plane({ shed })
    const server = p.addServer(capability(1, 0.3, 0))
    p.offer(0, 1, 10)
    p.offer(0.5, 1, 11)
    expect(p.cut(0.71)).toBe(server)
    expect(shed).toEqual([10])
    expect(handlesOf(p, server)).toEqual([11])
  })

  test('a slow server leaves to a fast one what only that can still answer in time', () => {
    const p = plane()
    const fast = p.addServer(capability(1, 0.1, 0))
    const slow = p.addServer(capability(1, 0.6, 0))
    p.setMode(fast, 'paused')
    p.offer(0, 1, 1)
    p.offer(0.4, 1, 2)
    expect(p.cut(0.5)).toBe(slow)
    expect(handlesOf(p, slow)).toEqual([2])
    p.setMode(fast, 'open')
    expect(p.cut(0.6)).toBe(fast)
    expect(handlesOf(p, fast)).toEqual([1])
    expect(p.counts.shed).toBe(0)
  })

  test('an answer exactly at its deadline is in time, one after it is late', () => {
    const p = plane()
    const server = p.addServer(capability(2, 0.5, 0))
    p.offer(0.1, 1, 1)
    p.offer(0.2, 1, 2)
    p.cut(0.2)
    expect(p.complete(server, 1.1 + 0.1)).toBe(1)
    expect(p.counts).toMatchObject({ inTime: 1, late: 1 })
  })

  test('without an SLO nothing is shed or late', () => {
    const p = plane({ slo: Infinity })
    const server = p.addServer(capability(1, 1, 0))
    p.offer(0, 1, 1)
    expect(p.cut(1e6)).toBe(server)
    expect(p.complete(server, 2e6)).toBe(1)
  })
})

describe('admission', () => {
  test('a request that finds the queue full is refused', () => {
    const p = plane({ queue: 2 })
    expect([0, 0.1, 0.2].map((at) => p.offer(at, 1, 0))).toEqual([true, true, false])
    expect(p.counts).toMatchObject({ arrived: 3, shed: 1, refused: 1 })
  })

  test('what has outlived its SLO in a full queue makes room', () => {
    const shed: number[] = []
    const p = plane({ queue: 2, shed })
    p.offer(0, 1, 1)
    p.offer(0.5, 1, 2)
    expect(p.offer(1.2, 1, 3)).toBe(true)
    expect(shed).toEqual([1])
    expect(p.counts).toMatchObject({ shed: 1, refused: 0 })
  })
})

describe('servers come and go', () => {
  test('a paused server finishes its batch and takes no other until it is open again', () => {
    const p = plane()
    const server = p.addServer(capability(1, 0.1, 0))
    p.offer(0, 1, 1)
    p.offer(0, 1, 2)
    p.cut(0)
    p.setMode(server, 'paused')
    expect(p.complete(server, 0.1)).toBe(1)
    expect(p.cut(0.1)).toBe(-1)
    p.setMode(server, 'open')
    expect(p.cut(0.2)).toBe(server)
  })

  test('a draining server is drained when its batch is done, and never opens again', () => {
    const p = plane()
    const server = p.addServer(capability(1, 0.1, 0))
    p.offer(0, 1, 1)
    p.cut(0)
    p.setMode(server, 'draining')
    expect(p.isDrained(server)).toBe(false)
    p.complete(server, 0.1)
    expect(p.isDrained(server)).toBe(true)
    expect(() => p.setMode(server, 'open')).toThrow('stays so')
  })

  test('the batch of a removed server is lost, that of a failed one failed', () => {
    const p = plane()
    for (const fate of ['lost', 'failed'] as const) {
      const server = p.addServer(capability(2, 0.1, 0))
      p.offer(0, 1, 1)
      p.offer(0, 1, 2)
      p.cut(0)
      p.removeServer(server, fate)
    }
    expect(p.counts).toMatchObject({ arrived: 4, lost: 2, failed: 2, inTime: 0 })
    expect(p.servers).toEqual([])
  })

  test('at the end, what waits or executes is lost', () => {
    const p = plane()
    p.addServer(capability(1, 0.1, 0))
    for (let i = 0; i < 3; i += 1) p.offer(0, 1, i)
    p.cut(0)
    p.close()
    expect(p.counts).toMatchObject({ arrived: 3, lost: 3 })
    expect(p.queued).toBe(0)
  })
})
