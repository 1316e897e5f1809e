import { describe, expect, test } from 'vitest'
import { Rng } from '../base/rng.ts'
import type { ArrivalSeries } from '../core/workload/arrival-series.ts'
import type { ServingCapability } from '../core/workload/serving.ts'
import { RequestEngine } from './request-engine.ts'
import type { EngineTenant } from './tenant-loop.ts'

const capability = (itemsMax: number, seconds: number): ServingCapability => ({
  itemsMax,
  latencySeconds: [0, ...new Array<number>(itemsMax).fill(seconds)],
  capacityItemsPerSecond: itemsMax / seconds,
  provenance: 'own',
})

function series(rates: readonly number[], gapCv = 1): ArrivalSeries {
  const items = [{ items: 1, share: 1 }]
  return { ratesRps: Float64Array.from(rates), historySeconds: 0, gapCv, items, description: '' }
}

function tenant(rates: readonly number[], more: Partial<EngineTenant> = {}): EngineTenant {
  const arrivals = series(rates)
  return { id: 'a', sloSeconds: 1, queueRequestsMax: 1000, arrivals, ...more }
}

const engineOf = (tenants: readonly EngineTenant[], durationSeconds: number, seed = 1) =>
  new RequestEngine({ tenants, durationSeconds, rng: new Rng(seed) })
const exact = { serviceSeconds: (estimate: number) => estimate }
const server = (more: { capability?: ServingCapability; trueScale?: number } = {}) => ({
  tenant: 0,
  capability: capability(1, 0.1),
  trueScale: 1,
  accuracy: 0.8,
  ...more,
})

/** Equal gaps: requests 1 / rate apart, the first at a random phase. */
const regular = (rates: readonly number[]) =>
  tenant(rates, { arrivals: series(rates, 0), ...exact })

describe('the order of events at one instant', () => {
  test('a completion comes before an arrival: the server is free for it', () => {
    const engine = engineOf([{ ...regular([10, 10, 10]), sloSeconds: 0.101 }], 3)
    engine.addServer(server({ capability: capability(1, 0.1) }))
    engine.advance(3)
    engine.finish()
    const { counts } = engine.accountsOf(0)
    expect(counts).toMatchObject({ arrived: 30, inTime: 30, shed: 0 })
    expect(counts.waitedSeconds).toBeLessThan(1e-9)
  })

  test('an arrival comes before control: a server removed at that moment loses it', () => {
    const engine = engineOf([regular([4, 4])], 2)
    const id = engine.addServer(server())
    const first = arrivalTimes(regular([4, 4]))[0] as number
    engine.advance(first)
    expect(engine.outstandingOf(id)).toBe(1)
    engine.removeServer(id)
    expect(engine.accountsOf(0).counts).toMatchObject({ arrived: 1, lost: 1 })
  })

  test('of two completions the lower server comes first and takes what waits', () => {
    const engine = engineOf([{ ...regular([3, 0]), sloSeconds: 5 }], 2)
    const [low, high] = [engine.addServer(server()), engine.addServer(server())] as const
    engine.pauseServer(low)
    engine.pauseServer(high)
    engine.advance(1)
    expect(engine.queuedOf(0)).toBe(3)
    engine.resumeServer(high)
    engine.resumeServer(low)
    engine.advance(1.15)
    expect([engine.outstandingOf(low), engine.outstandingOf(high)]).toEqual([1, 0])
  })

  test('what is advanced in small steps is what is advanced in one', () => {
    const run = (step: number) => {
      const engine = engineOf([tenant(new Array<number>(20).fill(30))], 20)
      engine.addServer(server({ capability: capability(4, 0.2) }))
      for (let at = step; at < 20; at += step) engine.advance(at)
      engine.advance(20)
      engine.finish()
      const { counts, accuracySum, latency, perSecond } = engine.accountsOf(0)
      return { counts, accuracySum, p99: latency.quantile(0.99), perSecond }
    }
    expect(run(0.013)).toEqual(run(20))
  })
})

function arrivalTimes(of: EngineTenant): readonly number[] {
  const times: number[] = []
  const seconds = of.arrivals.ratesRps.length
  const engine = engineOf([{ ...of, queueRequestsMax: Infinity }], seconds)
  for (let at = 0; at <= seconds; at += 1 / 1024) {
    engine.advance(at)
    while (times.length < engine.accountsOf(0).counts.arrived) times.push(at)
  }
  return times
}

describe('servers come and go', () => {
  test('a drained server is reported when its batch is done, and drain loses nothing', () => {
    const engine = engineOf([regular([4, 4, 4])], 3)
    const id = engine.addServer(server({ capability: capability(1, 0.2) }))
    const first = arrivalTimes(regular([4, 4, 4]))[0] as number
    engine.advance(first + 0.1)
    engine.drainServer(id)
    const result = engine.advance(3)
    expect(result.kind).toBe('drained')
    expect(result).toMatchObject({ server: id })
    expect(engine.nowSeconds).toBeCloseTo(first + 0.2, 2)
    engine.removeServer(id)
    expect(engine.accountsOf(0).counts).toMatchObject({ inTime: 1, lost: 0 })
    expect(engine.advance(3)).toEqual({ kind: 'reached' })
  })

  test('an idle server is drained at once; of several the first, then the lower id', () => {
    const engine = engineOf([regular([1])], 1)
    const ids = [0, 1].map(() => engine.addServer(server()))
    for (const id of ids) engine.drainServer(id)
    expect(engine.advance(0.5)).toEqual({ kind: 'drained', server: ids[0], atSeconds: 0 })
    expect(engine.advance(0.5)).toEqual({ kind: 'drained', server: ids[1], atSeconds: 0 })
    expect(engine.advance(0.5)).toEqual({ kind: 'reached' })
  })

  test('a failed server fails its batch, and what waits goes to the next one', () => {
    const engine = engineOf([regular([20, 0, 0])], 3)
    const id = engine.addServer(server({ capability: capability(1, 0.4) }))
    engine.advance(0.2)
    engine.failServer(id)
    engine.addServer(server())
    engine.advance(3)
    engine.finish()
    const { counts } = engine.accountsOf(0)
    expect(counts).toMatchObject({ arrived: 20, failed: 1, lost: 0 })
    expect(counts.inTime).toBeGreaterThan(5)
  })

  test('a server that comes takes what waits at that moment', () => {
    const engine = engineOf([regular([10, 0])], 2)
    engine.advance(0.95)
    expect(engine.queuedOf(0)).toBe(10)
    const id = engine.addServer(server({ capability: capability(4, 0.01) }))
    expect(engine.outstandingOf(id)).toBe(4)
  })

  test('ids are not used again', () => {
    const engine = engineOf([regular([1])], 1)
    const id = engine.addServer(server())
    engine.removeServer(id)
    expect(engine.addServer(server())).not.toBe(id)
    expect(() => engine.pauseServer(id)).toThrow(`There is no server ${id}`)
  })
})

describe('accounts', () => {
  test('Goodput is SLO attainment x accuracy, also when the accuracy changes on the way', () => {
    const engine = engineOf([tenant(new Array<number>(50).fill(40))], 50)
    const ids = [0, 1, 2].map(() => engine.addServer(server({ capability: capability(1, 0.1) })))
    for (let at = 1; at <= 50; at += 1) {
      engine.advance(at)
      for (const id of ids) engine.setServerAccuracy(id, 0.9 - 0.01 * at + 0.02 * id)
    }
    engine.finish()
    const { counts, accuracySum, perSecond } = engine.accountsOf(0)
    const sum = (values: Float64Array) => values.reduce((total, x) => total + x, 0)
    expect(counts.inTime).toBeLessThan(counts.arrived)
    const attainment = counts.inTime / counts.arrived
    const accuracy = accuracySum / counts.inTime
    expect(accuracySum / counts.arrived).toBeCloseTo(attainment * accuracy, 14)
    expect(sum(perSecond.accuracySum)).toBeCloseTo(accuracySum, 9)
    expect(sum(perSecond.inTime)).toBe(counts.inTime)
    expect(sum(perSecond.arrived)).toBe(counts.arrived)
  })

  test('an answer earns the accuracy its server has when it is given', () => {
    const engine = engineOf([regular([1, 0])], 2)
    const id = engine.addServer(server({ capability: capability(1, 0.5) }))
    const first = arrivalTimes(regular([1, 0]))[0] as number
    engine.advance(first)
    engine.setServerAccuracy(id, 0.25)
    engine.advance(2)
    expect(engine.accountsOf(0).accuracySum).toBe(0.25)
  })

  test('capacity per second counts the share of the second that a server took work', () => {
    const engine = engineOf([regular([0, 0, 0, 0])], 4)
    engine.advance(0.5)
    const id = engine.addServer(server({ capability: capability(2, 0.1) }))
    engine.advance(2.25)
    engine.pauseServer(id)
    engine.advance(4)
    engine.finish()
    const { capacityRps } = engine.accountsOf(0).perSecond
    expect([...capacityRps]).toEqual([10, 20, 5, 0].map((rps) => expect.closeTo(rps, 9)))
  })

  test('a slower truth shows in latency and in late answers, not in the estimates', () => {
    const mean = (trueScale: number) => {
      const engine = engineOf([tenant(new Array<number>(100).fill(5))], 100)
      engine.addServer(server({ trueScale, capability: capability(4, 0.1) }))
      engine.advance(100)
      engine.finish()
      return engine.accountsOf(0).latency.mean()
    }
    expect(mean(1.5) / mean(1)).toBeGreaterThan(1.4)
  })

  test('at the end arrivals stop, queues drain, and what no server takes is lost', () => {
    const run = (pauses: boolean) => {
      const engine = engineOf([{ ...regular([0, 40]), sloSeconds: 60 }], 2)
      const id = engine.addServer(server({ capability: capability(1, 0.2) }))
      engine.advance(2)
      if (pauses) engine.pauseServer(id)
      engine.finish()
      return engine.accountsOf(0).counts
    }
    expect(run(false)).toMatchObject({ arrived: 40, inTime: 40, lost: 0 })
    const paused = run(true)
    expect(paused.lost).toBe(40 - paused.inTime)
    expect(paused.lost).toBeGreaterThan(30)
  })
})

describe('the same seed', () => {
  const busy = new Array<number>(30).fill(50)

  test('gives the same run, another seed another', () => {
    const run = (seed: number) => {
      const engine = engineOf([tenant(busy)], 30, seed)
      engine.addServer(server())
      engine.advance(30)
      engine.finish()
      return { ...engine.accountsOf(0).counts }
    }
    expect(run(3)).toEqual(run(3))
    expect(run(3)).not.toEqual(run(4))
  })

  test('gives a tenant the same requests whatever its servers and its neighbours are', () => {
    const arrived = (tenants: readonly EngineTenant[], servers: number) => {
      const engine = engineOf(tenants, 30)
      for (let i = 0; i < servers; i += 1) engine.addServer(server())
      engine.advance(30)
      return [...engine.accountsOf(0).perSecond.arrived]
    }
    const alone = arrived([tenant(busy)], 0)
    expect(arrived([tenant(busy), tenant(busy, { id: 'b' })], 5)).toEqual(alone)
    expect(arrived([tenant(busy, { id: 'b' })], 0)).not.toEqual(alone)
  })
})
