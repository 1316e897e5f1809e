import { describe, expect, test } from 'vitest'
import { siteOf } from '../../../test/site-of.ts'
import { tinyProblem } from '../../../test/tiny-problem.ts'
import { must } from '../../base/assert.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import { formedBatches, observedBatches } from './formed-batches.ts'
import { servedRatios, splitForInference } from './inference-split.ts'
import { createParis, createParisWindow } from './paris.ts'
import { parisLayout } from './paris-layout.ts'

const tiny = { ...tinyProblem(), isFirstLayoutFree: true }

/** `2g=a 3g=pool …`, by start. */
function textOf(problem: PlanningProblem, demandRps: readonly number[]): string {
  const names = new Map(problem.classes.map(({ profileId, name }) => [profileId, name.slice(0, 2)]))
  return parisLayout(problem, siteOf(problem), { demandRps, servedMin: 0.9 })
    .toSorted((a, b) => a.place.gpu - b.place.gpu || a.place.start - b.place.start)
    .map(({ place, use }) => {
      const holder = use.kind === 'pool' ? 'pool' : must(problem.tenants[use.tenant]).id
      return `${names.get(place.profileId)}=${holder}`
    })
    .join(' ')
}

describe('a layout by PARIS', () => {
  test('gives the tenant that is worst off as much as can be', () => {
    const none = { ...tiny, tenants: tiny.tenants.map((own) => ({ ...own, retraining: [] })) }
    expect(textOf(none, [50, 20])).toMatch(/^(?=.*=b)/)
    const slices = { a: 0, b: 0 }
    for (const [, size, holder] of textOf(none, [50, 20]).matchAll(/(\d)g=(a|b)/g)) {
      slices[holder as 'a' | 'b'] += Number(size)
    }
    expect(slices).toEqual({ a: 5, b: 2 })
  })

  test('sets instances aside to retrain where the mean load leaves room', () => {
    // 2 + 2 slices serve 20 a second each; what retrains in ten slots has two slices at least.
    expect(textOf(tiny, [20, 20])).toMatch(/pool/)
    expect(textOf(tiny, [50, 50])).not.toMatch(/pool/)
  })

  test('sets nothing aside for those who do not gain', () => {
    const tenants = tiny.tenants.map((own) => ({
      ...own,
      accuracyDeployed: own.accuracyDeployed.map(() => 0.9),
    }))
    expect(textOf({ ...tiny, tenants }, [10, 10])).not.toMatch(/pool/)
  })

  test('takes turns: whose window it is has its instance first', () => {
    const of = (windowIndex: number) => textOf({ ...tiny, windowIndex }, [15, 15])
    expect(of(2)).toBe(of(0))
  })

  test('of a single tenant has the mix that its batches ask for', () => {
    const [only] = tiny.tenants
    const single = { ...tiny, tenants: [{ ...must(only), retraining: [] }] }
    // Batches of one item: the smallest size whose knee holds them does all.
    expect(textOf(single, [50])).toBe('1g=a 1g=a 1g=a 1g=a 1g=a 1g=a 1g=a')
  })
})

test('a split over several GPUs serves as well as one over the sum of their slices', () => {
  const room = { fits: (sizes: readonly number[]) => sizes.reduce((sum, s) => sum + s, 0) <= 7 }
  const problem = {
    targets: [room, room],
    sizes: [1, 2, 3, 4, 7],
    demandRps: [80, 40, 20],
    capacityRps: (_tenant: number, size: number) => 10 * size,
  }
  const [least] = servedRatios(problem, splitForInference(problem).flat())
  expect(least).toBeCloseTo(1)
})

test('a tenant that cannot serve on small instances is given large ones', () => {
  const room = { fits: (sizes: readonly number[]) => sizes.reduce((sum, s) => sum + s, 0) <= 7 }
  const split = splitForInference({
    targets: [room],
    sizes: [1, 2, 3, 4],
    demandRps: [10, 10],
    capacityRps: (tenant, size) => (tenant === 0 && size < 4 ? 0 : 10 * size),
  })
  expect(must(split[0]).filter(({ tenant }) => tenant === 0)).toEqual([{ size: 4, tenant: 0 }])
})

describe('batches that a server forms', () => {
  const profile = {
    size: 7,
    points: [
      { items: 1, latencySeconds: 0.01 },
      { items: 16, latencySeconds: 0.04 },
    ],
  }
  const meanOf = (shares: readonly number[]) => shares.reduce((sum, own, n) => sum + own * n, 0)

  test('are single items when it is idle and full ones when it is overloaded', () => {
    expect(meanOf(formedBatches(profile, 0, 16))).toBeCloseTo(1)
    expect(meanOf(formedBatches(profile, 1000, 16))).toBeGreaterThan(13)
  })

  test('grow with the rate, and are shares', () => {
    const means = [10, 50, 100, 200].map((rate) => meanOf(formedBatches(profile, rate, 16)))
    expect(means).toEqual(means.toSorted((a, b) => a - b))
    expect(formedBatches(profile, 100, 16).reduce((sum, own) => sum + own, 0)).toBeCloseTo(1)
  })
})

describe('the policies', () => {
  const site = siteOf(tiny)
  const context = { site, solver: null, hindsight: null }
  const placesOf = (problem: PlanningProblem, policy: ReturnType<typeof createParis>) => {
    const outcome = policy.plan(problem)
    if (outcome.status === 'infeasible') throw new Error(outcome.reason)
    return outcome.plan.instances.flatMap(({ share, tenures: [first] }) =>
      first?.role.kind === 'inference' ? [{ share, tenant: first.tenant }] : [],
    )
  }
  const second = {
    ...tiny,
    windowIndex: 2,
    isFirstLayoutFree: false,
    tenants: tiny.tenants.map((own, i) => ({
      ...own,
      arrivals: { ...own.arrivals, meanRps: own.arrivals.meanRps.map((rps) => rps * (i * 2)) },
    })),
  }

  test('paris keeps the layout of its first window', () => {
    const policy = createParis(context)
    expect(placesOf(second, policy)).not.toEqual([])
    const kept = createParis(context)
    const first = placesOf(tiny, kept)
    expect(placesOf(second, kept)).toEqual(first)
  })

  test('paris-window makes a new one when the load has moved', () => {
    const policy = createParisWindow(context)
    expect(placesOf(second, policy)).not.toEqual(placesOf(tiny, policy))
  })

  test('say that they are reconstructed', () => {
    expect(createParis(context).describe).toMatch(/reconstructed/)
    expect(createParisWindow(context).describe).toMatch(/reconstructed/)
  })
})

describe('batches that came', () => {
  test('are a distribution, the largest cut to what a batch may hold', () => {
    const seen = [
      { items: 1, count: 30 },
      { items: 8, count: 50 },
      { items: 64, count: 20 },
    ]
    const shares = observedBatches(seen, 16)
    expect([shares[1], shares[8], shares[16]]).toEqual([0.3, 0.5, 0.2])
    expect(shares).toHaveLength(17)
  })

  test('of many items ask for larger instances than single ones', () => {
    const [only] = tiny.tenants
    // A batch costs 10 ms, and 10 ms an item over the slices: small instances are soon busy.
    const serving = must(only).serving.map((way, k) => {
      const slices = Number(must(tiny.classes[k]).name[0])
      const latencySeconds = Array.from({ length: 17 }, (_, n) => 0.01 + (0.01 * n) / slices)
      return way && { ...way, itemsMax: 16, latencySeconds }
    })
    const single = (items: number) => {
      const observedItems = [{ items, count: 100 }]
      return {
        ...tiny,
        tenants: [{ ...must(only), serving, retraining: [], observedItems }],
      }
    }
    const largest = (text: string) => Math.max(...[...text.matchAll(/(\d)g=/g)].map((m) => +m[1]!))
    expect(largest(textOf(single(1), [50]))).toBe(1)
    expect(largest(textOf(single(8), [50]))).toBeGreaterThan(1)
  })
})
