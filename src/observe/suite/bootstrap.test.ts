import { expect, test } from 'vitest'
import { must } from '../../base/assert.ts'
import { Rng } from '../../base/rng.ts'
import { bootstrap } from './bootstrap.ts'

test('the mean is that of the groups, however many values each has', () => {
  const { mean } = bootstrap([[1, 1, 1, 1], [3]], new Rng(1))
  expect(mean).toBe(2)
})

test('values that do not differ have no interval', () => {
  expect(bootstrap([[2, 2], [2]], new Rng(1))).toEqual({ mean: 2, low: 2, high: 2 })
})

test('the interval is that of the mean: it narrows with the groups and holds the truth', () => {
  const widths = [4, 16, 64].map((many) => {
    const rng = new Rng(7, `${many}`)
    const groups = Array.from({ length: many }, () => {
      const centre = rng.normal()
      return Array.from({ length: 5 }, () => centre + 0.1 * rng.normal())
    })
    const { low, high } = bootstrap(groups, rng)
    return high - low
  })
  // About 2 x 1.96 / sqrt(n).
  expect(widths[1]).toBeGreaterThan(0.6)
  expect(widths[1]).toBeLessThan(1.3)
  expect(widths[2]).toBeLessThan(0.75 * must(widths[1]))
})

test('values within groups count too: one group has the interval of its values', () => {
  const { low, high } = bootstrap([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]], new Rng(3))
  expect(low).toBeGreaterThan(2.2)
  expect(low).toBeLessThan(3.3)
  expect(high).toBeGreaterThan(5.7)
  expect(high).toBeLessThan(6.8)
})

test('the same values and generator give the same interval', () => {
  const groups = [
    [1, 2],
    [3, 5],
  ]
  expect(bootstrap(groups, new Rng(5))).toEqual(bootstrap(groups, new Rng(5)))
})
