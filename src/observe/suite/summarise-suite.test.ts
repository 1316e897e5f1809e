import { describe, expect, test } from 'vitest'
import { randomRow } from '../../../test/random-row.ts'
import { must } from '../../base/assert.ts'
import type { OverheadRow, PeakLoadRow, RunRow } from './suite-row.ts'
import { type SuiteDescription, summariseSuite } from './summarise-suite.ts'

const seeds = [1, 2, 3]
const suite: SuiteDescription = {
  reference: 'migrator',
  policies: ['migrator', 'ekya', 'static-best'],
  isContinuousLearning: (name) => name.startsWith('cl-'),
  ablations: {
    arrivals: { policy: 'migrator', knobs: { arrivals: 'last-window' } },
    preInitialization: { policy: 'migrator-blind-cold', knobs: {} },
  },
  blindPlanner: 'migrator-blind-cold',
  inputs: { code: 'c', scenarios: 's' },
}

function rowsOf(scenario: string, goodputs: Readonly<Record<string, number>>): RunRow[] {
  return Object.entries(goodputs).flatMap(([policy, goodput]) =>
    seeds.map((seed) => randomRow({ scenario, seed, policy, goodput: goodput + seed / 100 })),
  )
}

const learning = rowsOf('cl-one', { migrator: 0.8, ekya: 0.6, 'static-best': 0.7 })
const flat = rowsOf('flat', { migrator: 0.7, ekya: 0.7, 'static-best': 0.75 })

describe('the result of a suite', () => {
  const result = summariseSuite([...learning, ...flat], suite)

  test('has every scenario with its policies, bounds and paired differences', () => {
    expect(result.scenarios.map(({ name }) => name)).toEqual(['cl-one', 'flat'])
    const { policies, bounds } = must(result.scenarios[0])
    expect(Object.keys(policies)).toEqual(['migrator', 'ekya', 'static-best'])
    expect(policies['migrator']?.goodput.mean).toBeCloseTo(0.82)
    expect(policies['migrator']?.pairedDifference).toBeNull()
    expect(policies['ekya']?.pairedDifference?.mean).toBeCloseTo(0.2)
    expect(Object.keys(bounds)).toEqual(['mig', 'mps'])
  })

  test('pairs by seed: a difference that is the same for every seed has no interval', () => {
    const { policies } = must(result.scenarios[0])
    const { goodput, pairedDifference } = must(policies['ekya'])
    expect(goodput.high - goodput.low).toBeGreaterThan(0.01)
    const { low, high } = must(pairedDifference)
    expect(high - low).toBeLessThan(1e-9)
  })

  test('gives relative gains over continuous learning and over all', () => {
    const gain = must(result.gains.find(({ over }) => over === 'ekya'))
    const expected = seeds.reduce((sum, own) => sum + 0.2 / (0.6 + own / 100), 0) / 3
    expect(gain.continuousLearning?.relative.mean).toBeCloseTo(expected, 9)
    expect(gain.all.relative.mean).toBeCloseTo(expected / 2, 9)
    expect(gain.all.scenarios).toBe(2)
    expect(gain.all.relative.low).toBeLessThan(gain.all.relative.mean)
  })

  test('says whom the reference is behind, oracles and others apart', () => {
    const { bestOther, bestOtherToldNoTruth } = must(result.scenarios[1])
    expect(bestOther?.policy).toBe('static-best')
    expect(bestOther?.pairedDifference.mean).toBeCloseTo(-0.05)
    expect(bestOtherToldNoTruth?.policy).toBe('ekya')
    expect(bestOtherToldNoTruth?.isReferenceBehind).toBe(false)
  })

  test('is the same for the same rows', () => {
    expect(summariseSuite([...learning, ...flat], suite)).toEqual(result)
  })
})

test('a loss beyond the interval is said', () => {
  const rows = ['migrator', 'ekya'].flatMap((policy) =>
    seeds.map((seed) => {
      const behind = policy === 'migrator' ? 0.05 + seed / 1000 : 0
      return randomRow({ scenario: 'flat', seed, policy, goodput: 0.7 - behind })
    }),
  )
  const { scenarios } = summariseSuite(rows, suite)
  expect(scenarios[0]?.bestOther?.isReferenceBehind).toBe(true)
})

test('runs without one thing say where the gain comes from, and are no rivals', () => {
  const goodput = 0.75
  const policy = 'migrator'
  const without = seeds
    .slice(0, 2)
    .flatMap((seed) => [
      randomRow({ scenario: 'cl-one', seed, policy, goodput, knobs: { arrivals: 'last-window' } }),
      randomRow({ scenario: 'cl-one', seed, policy: 'migrator-blind-cold', goodput: 0.78 }),
    ])
  const result = summariseSuite([...learning, ...without], suite)
  const [arrivals, preInitialization] = must(result.sources)
  expect(arrivals).toMatchObject({ source: 'arrivals', seeds: 2, scenarios: 1 })
  expect(arrivals?.absolute.mean).toBeCloseTo(0.815 - 0.75)
  expect(preInitialization?.absolute.mean).toBeCloseTo(0.815 - 0.78)
  expect(result.scenarios[0]?.policies).not.toHaveProperty('migrator-blind-cold')
  expect(result.scenarios[0]?.policies['migrator']?.goodput.mean).toBeCloseTo(0.82)
})

test('overhead is what pre-initialization loses less, with its reconfigurations', () => {
  const figures = { reconfigurations: 4, plansLeftOut: 0, goodput: 0.8 }
  const overhead = (seed: number, cold: number, preInitialised: number): OverheadRow => {
    const { policy, scenario, knobs, budget, inputHash } = must(learning[0])
    return {
      ...{ kind: 'overhead', policy, scenario, seed, knobs, budget, inputHash },
      cold: { ...figures, lostRequests: cold },
      preInitialised: { ...figures, lostRequests: preInitialised },
    }
  }
  const blind = { ...overhead(1, 1000, 900), policy: 'migrator-blind-cold' }
  const rows = [...learning, overhead(1, 100, 10), overhead(2, 300, 90), overhead(3, 0, 0), blind]
  const { overhead: all, awareAgainstBlind } = summariseSuite(rows, suite)
  const [own] = must(all)
  expect(awareAgainstBlind).toMatchObject({ runs: 1, lostAware: 10, lostBlind: 1000 })
  expect(awareAgainstBlind?.reduction).toBeCloseTo(0.99)
  expect(own?.reduction).toBeCloseTo(0.75)
  expect(own?.meanReduction?.mean).toBeCloseTo(0.8)
  expect(own?.reconfigurationsCold).toBe(4)
})

test('peak loads are means over the seeds, and none borne counts as none', () => {
  const peak = (seed: number, requestsPerSecond: number | null): PeakLoadRow => {
    const { policy, scenario, knobs, budget, inputHash } = must(learning[0])
    return {
      ...{ kind: 'peak-load', policy, scenario, seed, knobs, budget, inputHash },
      ...{ loadScale: 1, notBorne: 2, requestsPerSecond },
    }
  }
  const result = summariseSuite([...learning, peak(1, 100), peak(2, null)], suite)
  expect(result.ownObjectives.peakLoad).toEqual([
    { scenario: 'cl-one', policies: { migrator: { mean: 50, seeds: 2 } } },
  ])
})
