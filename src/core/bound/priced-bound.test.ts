import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { must } from '../../base/assert.ts'
import { findGpuModel } from '../mig/catalog.ts'
import { baseProfileIds } from '../mig/placement.ts'
import { type BoundSite, type GpuSupply, gpuSupply } from './gpu-supply.ts'
import { pricedBound } from './priced-bound.ts'

const model = must(findGpuModel('a100-80gb'))
const profileIds = baseProfileIds(model)
const site: BoundSite = {
  gpus: [{ model, profileIds }],
  classes: profileIds.map((profileId) => ({ gpuModelId: model.id, profileId, name: '' })),
}
const slices = [1, 2, 3, 4, 7]

const single = [{ items: 1, share: 1 }]

/** One unit of work a second, which tenants take alike. */
const oneServer: GpuSupply = (prices) => Math.max(0, ...prices)

/** Tenants on one server that answers `1` a second: the best first, by exchange. */
function greedy(arrivals: readonly (readonly number[])[], values: readonly number[]): number {
  return must(arrivals[0]).reduce((sum, _, second) => {
    let left = 1
    const order = values.map((_, w) => w).sort((a, b) => must(values[b]) - must(values[a]))
    for (const w of order) {
      const taken = Math.min(left, must(arrivals[w]?.[second]))
      sum += taken * must(values[w])
      left -= taken
    }
    return sum
  }, 0)
}

describe('the bound on what work can be worth', () => {
  test('of one tenant is the load or the capacity, whichever is less', () => {
    const arrivals = [0.5, 1, 3, 0]
    const bound = pricedBound(
      [{ arrivals, values: [1, 1, 1, 1], spillSeconds: 0, items: single }],
      oneServer,
    )
    expect(bound).toBeCloseTo(2.5)
  })

  test('lets work spill into the next second, not further', () => {
    const of = (spillSeconds: number) =>
      pricedBound(
        [{ arrivals: [3, 0, 0], values: [1, 1, 1], spillSeconds, items: single }],
        oneServer,
      )
    expect(of(0)).toBeCloseTo(1, 2)
    expect(of(1)).toBeCloseTo(2, 2)
    expect(of(2)).toBeCloseTo(3, 2)
  })

  test('of several tenants prefers the answers that are worth more', () => {
    const rate = fc.double({ min: 0, max: 1.5, noNaN: true })
    const second = fc.tuple(rate, rate, rate)
    fc.assert(
      fc.property(fc.array(second, { minLength: 1, maxLength: 4 }), (seconds) => {
        const arrivals = [0, 1, 2].map((w) => seconds.map((own) => must(own[w])))
        const values = [1, 2, 0.5]
        const tenants = arrivals.map((own, w) => ({
          arrivals: own,
          values: own.map(() => must(values[w])),
          spillSeconds: 0,
          items: single,
        }))
        const best = greedy(arrivals, values)
        const bound = pricedBound(tenants, oneServer)
        expect(bound).toBeGreaterThanOrEqual(best - 1e-9)
        expect(bound).toBeLessThanOrEqual(1.02 * best + 1e-6)
      }),
      { numRuns: 100 },
    )
  })

  test('of a GPU by MIG is what its layouts can do, not its slices alone', () => {
    // 3g is all that answers: two fit, with one compute slice left over.
    const onlyThree = slices.map((own) => (own === 3 ? 30 : 0))
    const supply = gpuSupply(site, [onlyThree])
    const bound = pricedBound(
      [{ arrivals: [100], values: [1], spillSeconds: 0, items: single }],
      supply,
    )
    expect(bound).toBeCloseTo(60)
  })

  test('of two tenants on a GPU mixes layouts within a second', () => {
    // a answers on 4g alone, b on 3g alone: 4 + 3 serves both; 3 + 3 serves b twice.
    const supply = gpuSupply(site, [
      slices.map((n) => (n === 4 ? 10 : 0)),
      slices.map((n) => (n === 3 ? 10 : 0)),
    ])
    const tenants = [
      { arrivals: [5], values: [1], spillSeconds: 0, items: single },
      { arrivals: [20], values: [1], spillSeconds: 0, items: single },
    ]
    // Half of the time 4 + 3 (5 + 5), half of it 3 + 3 (10): all of a, 15 of b.
    expect(pricedBound(tenants, supply)).toBeCloseTo(20, 1)
  })

  test('under overload has small requests answered first', () => {
    const items = [
      { items: 1, share: 0.5 },
      { items: 4, share: 0.5 },
    ]
    // Two of the small ones are half of the work, the rest half of a large one.
    const tenant = { arrivals: [4], values: [1], spillSeconds: 0, items }
    expect(pricedBound([tenant], ([price = 0]) => 4 * price)).toBeCloseTo(2.5, 2)
  })
})
