import { expect, test } from 'vitest'
import { must } from '../../base/assert.ts'
import { loadSite, readSiteSource } from '../../cli/load-site.ts'
import { pacedSeconds, paceFileOf, readPace } from './pace.ts'

const serving = { readySeconds: 1, loadSeconds: 1, latencySeconds: [0, 3, 4] }

test('more items than the largest batch are full batches one after the other and a rest', () => {
  expect([1, 2, 3, 4, 5].map((items) => pacedSeconds(serving, items))).toEqual([3, 4, 7, 8, 11])
})

test('a tenant is as fast on each profile as the site plans with', () => {
  const site = loadSite(readSiteSource(undefined))
  const gpuModelId = must(site.gpus[0]).model.id
  for (const tenant of site.tenants) {
    const text = JSON.stringify(paceFileOf(site, tenant.id, gpuModelId))
    for (const [k, { name }] of site.classes.entries()) {
      const read = readPace(text, name)
      const pace = read.kind === 'pace' ? read.pace : null
      expect(pace?.serving?.latencySeconds).toEqual(tenant.serving[k]?.latencySeconds)
      for (const { configurationId, secondsByClass } of tenant.retraining) {
        const wholeSeconds = pace?.retraining?.wholeSeconds[configurationId] ?? null
        expect(wholeSeconds).toBe(secondsByClass[k] ?? null)
      }
    }
  }
})

const negative = { serving: { ...serving, latencySeconds: [0, -1] }, retraining: null }

test.each([
  ['nothing in it', '', /expected object/],
  ['other profiles', '{"format":1,"basis":"","profiles":{"7g.40gb":{}}}', /expected/],
  ['none of this profile', '{"format":1,"basis":"","profiles":{}}', /no profile 1g.5gb/],
  [
    'a latency below zero',
    JSON.stringify({ format: 1, basis: '', profiles: { '1g.5gb': negative } }),
    /latencySeconds/,
  ],
])('a pace file with %s is refused', (_, text, reason) => {
  const read = readPace(text, '1g.5gb')
  expect(read.kind === 'unusable' ? read.reason : '').toMatch(reason)
})
