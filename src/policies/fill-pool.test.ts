import { expect, test } from 'vitest'
import { must } from '../base/assert.ts'
import { fillPool, type OffersOf } from './fill-pool.ts'

/** Jobs of given length that gain their rate in every slot from their end to slot 20. */
function offers(jobs: readonly { readonly slots: number; readonly rate: number }[]): OffersOf {
  return (_instance, tenant, fromSlot) => {
    const { slots, rate } = must(jobs[tenant])
    const doneSlot = fromSlot + slots
    return [{ configuration: 0, doneSlot, gain: rate * Math.max(0, 20 - doneSlot) }]
  }
}

test('the pool does what gains something, one after the other', () => {
  const jobs = fillPool([0], [0, 1, 2], offers([5, -1, 3].map((rate) => ({ slots: 4, rate }))))
  expect(jobs.map(({ tenant, fromSlot, doneSlot }) => [tenant, fromSlot, doneSlot])).toEqual([
    [0, 0, 4],
    [2, 4, 8],
  ])
})

test('two instances of the pool work at the same time', () => {
  const jobs = fillPool([3, 0], [0, 1], offers([5, 4].map((rate) => ({ slots: 4, rate }))))
  expect(jobs.map(({ tenant, instance, fromSlot }) => [tenant, instance, fromSlot])).toEqual([
    [0, 1, 0],
    [1, 0, 3],
  ])
})

test('a short job goes first where the long one would hold it up for less', () => {
  const long = { slots: 12, rate: 10 }
  const short = { slots: 2, rate: 4 }
  // Long first: 80 + 4 x 6 = 104. Short first: 4 x 18 + 10 x 6 = 132.
  const jobs = fillPool([0], [0, 1], offers([long, short]))
  expect(jobs.map(({ tenant }) => tenant)).toEqual([1, 0])
})

test('what gains nothing is not done', () => {
  expect(fillPool([0], [0], offers([{ slots: 20, rate: 1 }]))).toEqual([])
  expect(fillPool([], [0], offers([{ slots: 1, rate: 1 }]))).toEqual([])
})
