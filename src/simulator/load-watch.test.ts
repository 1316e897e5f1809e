import { expect, test } from 'vitest'
import { fixedPolicy } from '../../test/fixed-policy.ts'
import { literalSite, readLiteral } from '../../test/literal-site.ts'
import { must } from '../base/assert.ts'
import { resolveSite } from '../config/resolve-site.ts'
import { LoadWatch } from './load-watch.ts'
import { simulate } from './run.ts'

/** Requests in each second: 10, then 13 from second 30 on. */
const rising = Float64Array.from({ length: 100 }, (_, second) => (second < 30 ? 10 : 13))
const steady = new Float64Array(100).fill(10)

test('a load has moved when its mean over the measured seconds is a fifth off, not before', () => {
  const watch = new LoadWatch(4)
  watch.begin(0, [10, 10])
  const moved = Array.from({ length: 50 }, (_, now) => watch.hasMoved(now, [steady, rising]))
  // Seconds 30, 31 and 32 are in the mean at 33: (10 + 3 x 13) / 4 = 12.25.
  expect(moved.indexOf(true)).toBe(33)
})

test('a new plan is made with the new load, and none follows it within ten seconds', () => {
  const watch = new LoadWatch(1)
  watch.begin(0, [10])
  expect(watch.hasMoved(31, [rising])).toBe(true)
  watch.begin(31, [13])
  expect(watch.hasMoved(60, [rising])).toBe(false)
  watch.begin(60, [10])
  expect(watch.hasMoved(69, [rising])).toBe(false)
  expect(watch.hasMoved(70, [rising])).toBe(true)
})

test('nothing has moved that was not measured yet', () => {
  const watch = new LoadWatch(20)
  watch.begin(0, [100])
  expect(watch.hasMoved(19, [steady])).toBe(false)
  expect(watch.hasMoved(20, [steady])).toBe(true)
})

test('a policy that asks for it plans by the last seconds, again when they have moved', () => {
  const site = resolveSite({ text: literalSite, sourceName: 'site.yaml', readFile: readLiteral() })
  const told: (readonly number[])[] = []
  const policy = fixedPolicy(
    ({ tenants }) => {
      told.push(must(tenants[0]).arrivals.meanRps)
      return [{ gpu: 0, profileId: 0, start: 0, tenant: 'vision', role: 'inference' }]
    },
    {
      epochs: ['window-start', 'load-moved'],
      information: { arrivals: 'last-window', measuredSeconds: 10, retraining: 'forecast' },
      planningSecondsMax: 0,
    },
  )
  const { plans, tenants } = simulate({ site, policy, seed: 1 })
  const { arrived } = must(tenants[0]).perSecond
  expect(plans.filter(({ reason }) => reason === 'load-moved').length).toBeGreaterThan(3)
  for (const [i, { atSeconds }] of plans.entries()) {
    const last = arrived.slice(Math.max(0, atSeconds - 10), atSeconds)
    if (last.length === 0) continue
    const rate = last.reduce((sum, count) => sum + count, 0) / 10
    expect(must(told[i])[0]).toBeCloseTo(rate, 9)
    expect(new Set(told[i]).size).toBe(1)
  }
})
