import { describe, expect, test } from 'vitest'
import type { Router } from '../core/policy.ts'
import type { ServingCapability } from '../core/workload/serving.ts'
import { TenantPlane } from './tenant-plane.ts'

const routers: readonly Router[] = ['late-binding', 'elsa']
const capability: ServingCapability = {
  itemsMax: 4,
  latencySeconds: [0, 0.1, 0.1, 0.1, 0.1],
  capacityItemsPerSecond: 40,
  provenance: 'own',
}

const batchAt = (plane: TenantPlane, nowSeconds: number) => {
  const { handles, count } = plane.batchOf(plane.cut(nowSeconds))
  return [...handles.subarray(0, count)]
}

describe.each(routers)('what a live router needs beyond the lab, with %s', (router) => {
  const plane = (shed: number[] = []) =>
    new TenantPlane({
      sloSeconds: 1,
      queueRequestsMax: Infinity,
      router,
      onShed: (handle) => shed.push(handle),
    })

  test('a request that comes back waits before those that arrived after it', () => {
    const p = plane()
    const server = p.addServer(capability)
    p.offer(0, 1, 7)
    expect(batchAt(p, 0)).toEqual([7])
    p.offer(0.1, 1, 8)
    p.setMode(server, 'paused')
    p.complete(server, 0.1)
    p.offerAgain(0, 1, 7)
    p.setMode(server, 'open')
    expect(batchAt(p, 0.2)).toEqual([7, 8])
    expect(p.counts.arrived).toBe(2)
  })

  test('a request that nobody waits for leaves the queue', () => {
    const p = plane()
    for (const handle of [1, 2, 3]) p.offer(0, 1, handle)
    expect([p.withdraw(2), p.withdraw(2), p.withdraw(9)]).toEqual([true, false, false])
    expect(p.queued).toBe(2)
    p.addServer(capability)
    expect(batchAt(p, 0)).toEqual([1, 3])
  })

  test('what became hopeless can be shed without a cut, at the moment that is told before', () => {
    const shed: number[] = []
    const p = plane(shed)
    expect(p.hopelessAtSeconds(1)).toBe(Infinity)
    p.offer(2, 1, 1)
    expect(p.hopelessAtSeconds(1)).toBeCloseTo(3)
    p.shedHopeless(2.99)
    expect(shed).toEqual([])
    p.shedHopeless(3.01)
    expect(shed).toEqual([1])
    expect(p.queued).toBe(0)
  })

  test('another SLO holds for what waits already', () => {
    const shed: number[] = []
    const p = plane(shed)
    p.offer(0, 1, 1)
    p.setSlo(5)
    p.shedHopeless(2)
    expect(shed).toEqual([])
    p.setSlo(1.5)
    p.shedHopeless(2)
    expect(shed).toEqual([1])
  })
})
