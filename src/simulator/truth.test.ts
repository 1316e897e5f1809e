import { expect, test } from 'vitest'
import { literalSite, readLiteral } from '../../test/literal-site.ts'
import { must } from '../base/assert.ts'
import { Rng } from '../base/rng.ts'
import { resolveSite } from '../config/resolve-site.ts'
import { hindsightOf } from './hindsight.ts'
import { serviceTables } from './service-tables.ts'
import { drawTruth, factorAround } from './truth.ts'

const site = resolveSite({ text: literalSite, sourceName: 'site.yaml', readFile: readLiteral() })

test('the truth is drawn round the profile with mean 1 and the spread asked for', () => {
  const rng = new Rng(5)
  const drawn = Array.from({ length: 20_000 }, () => factorAround(rng, 0.1))
  const mean = drawn.reduce((sum, x) => sum + x, 0) / drawn.length
  const variance = drawn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / drawn.length
  expect(mean).toBeCloseTo(1, 2)
  expect(Math.sqrt(variance)).toBeCloseTo(0.1, 2)
  expect(factorAround(rng, 0)).toBe(1)
})

test('a seed is one world, another seed another; history is requests, not rates', () => {
  const [first, again, other] = [drawTruth(site, 1), drawTruth(site, 1), drawTruth(site, 2)]
  expect(again.tenants).toEqual(first.tenants)
  expect(other.tenants[0]?.serviceScale).not.toEqual(first.tenants[0]?.serviceScale)
  const { historyCounts, arrivals } = must(first.tenants[0])
  expect(historyCounts).toHaveLength(arrivals.historySeconds)
  expect(historyCounts.every(Number.isInteger)).toBe(true)
})

test('hindsight knows true rates, true speeds and what chains of retrainings come to', () => {
  const services = serviceTables(site)
  const hindsight = hindsightOf(site, 1, services)
  const truth = must(drawTruth(site, 1).tenants[0])
  expect(hindsight.windows.map(({ startSeconds }) => startSeconds)).toEqual([0, 100, 200])
  const vision = must(hindsight.windows[1]?.tenants[0])
  const { ratesRps, historySeconds } = truth.arrivals
  expect(vision.arrivals.meanRps[7]).toBeCloseTo(must(ratesRps[historySeconds + 107]), 9)
  const tabled = must(services[0]?.sets[0]).capacityRps
  const k = must(services[0]?.sets[0]).counts.findIndex((count) => count > 0)
  expect(must(vision.service.sets[0]).capacityRps).toBeCloseTo(
    tabled / must(truth.serviceScale[k]),
    9,
  )
  expect(vision.accuracyDeployed).toEqual(hindsight.outlook(0, 1, []).accuracyDeployed)
  const history = [{ window: 1, configurationId: 'full' }]
  const later = hindsight.outlook(0, 2, history).accuracyDeployed
  expect(must(later[0])).toBeGreaterThan(must(hindsight.outlook(0, 2, []).accuracyDeployed[0]))
  const offered = must(hindsight.outlook(0, 1, []).retraining[0]).accuracyAfter
  const done = hindsight.outlook(0, 1, [{ window: 1, configurationId: 'full' }]).accuracyDeployed
  expect(done).toEqual(offered)
})
