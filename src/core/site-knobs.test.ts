import { expect, test } from 'vitest'
import { dataText, readShipped } from '../../test/data-files.ts'
import { must } from '../base/assert.ts'
import { resolveSite } from '../config/resolve-site.ts'
import { coldChangeSeconds, withKnobs } from './site-knobs.ts'

const sourceName = 'cl-day.yaml'
const text = dataText(`scenarios/${sourceName}`)
const site = resolveSite({ text, sourceName, readFile: readShipped })

test('no knob turned gives the very site', () => {
  expect(withKnobs(site, {})).toBe(site)
})

test('a cold change takes as long as asked for, all its parts in proportion', () => {
  const slow = withKnobs(site, { reconfigurationSeconds: 30 })
  expect(coldChangeSeconds(slow)).toBeCloseTo(30)
  const { createSeconds, cutOverSeconds } = slow.costs
  expect(createSeconds / cutOverSeconds).toBeCloseTo(
    site.costs.createSeconds / site.costs.cutOverSeconds,
  )
  const free = withKnobs(site, { reconfigurationSeconds: 0 })
  expect(coldChangeSeconds(free)).toBe(0)
  expect(free.tenants.every((own) => own.retrainingStartSeconds === 0)).toBe(true)
})

test('forecasts, drift, load, retraining and length are turned each on its own', () => {
  expect(withKnobs(site, { forecastError: 0.3 }).forecast.injectedError).toBe(0.3)
  const wrong = withKnobs(site, { accuracyError: 0.2 })
  expect(wrong.forecast).toEqual({ ...site.forecast, injectedAccuracyError: 0.2 })
  const calm = must(withKnobs(site, { driftScale: 0 }).simulation)
  expect(calm.tenants.map(({ drift }) => drift.distancePerSecond)).toEqual([0, 0, 0])
  const busy = must(withKnobs(site, { loadScale: 2 }).simulation)
  expect(must(busy.tenants[0]).arrivals.source).toMatchObject({
    pattern: { lowRps: 600, highRps: 3100 },
  })
  const { tenants } = withKnobs(site, { isRetrainingOff: true })
  expect(tenants.flatMap(({ retraining }) => retraining)).toEqual([])
  const short = must(withKnobs(site, { durationSeconds: 200 }).simulation)
  expect(short.durationSeconds).toBe(200)
  expect(short.tenants.map(({ arrivals }) => arrivals.durationSeconds)).toEqual([200, 200, 200])
})

test('a steady load is the mean of the pattern', () => {
  const steady = must(withKnobs(site, { isLoadSteady: true }).simulation)
  const { source } = must(steady.tenants[0]).arrivals
  // The mean of a raised cosine squared is 3/8.
  const rps = 300 + (1550 - 300) * (3 / 8)
  expect(source).toMatchObject({ pattern: { kind: 'constant' }, noise: null })
  if (source.kind === 'generated' && source.pattern.kind === 'constant') {
    expect(source.pattern.rps).toBeCloseTo(rps, 3)
  }
})
