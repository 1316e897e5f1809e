import { expect, test } from 'vitest'
import { tinyProblem } from '../../../test/tiny-problem.ts'
import { must } from '../../base/assert.ts'
import { missedSpan } from './missed-span.ts'

/** Ten slots from 100 s; instances of the smallest class answer 10 of 50 a second each. */
const problem = tinyProblem()
const tenant = must(problem.tenants[0])
const instances = (perSlot: readonly number[]) => ({
  counts: perSlot.map((count) => problem.classes.map((_, k) => (k === 0 ? count : 0))),
  retraining: null,
})

test('the shortest time that holds four in five of the requests missed', () => {
  const span = missedSpan(problem, tenant, instances([5, 5, 5, 0, 0, 5, 5, 5, 5, 4]))
  expect(span).toMatchObject({ fromSeconds: 103, untilSeconds: 105 })
  expect(span?.share).toBeCloseTo(100 / 110)
})

test('requests missed all along are at no time in particular', () => {
  expect(missedSpan(problem, tenant, instances(Array(10).fill(2)))).toBe(null)
})

test('nothing missed, or nothing that arrives: no time', () => {
  expect(missedSpan(problem, tenant, instances(Array(10).fill(5)))).toBe(null)
  const silent = { ...tenant, arrivals: { ...tenant.arrivals, meanRps: Array(10).fill(0) } }
  expect(missedSpan(problem, silent, instances(Array(10).fill(0)))).toBe(null)
})
