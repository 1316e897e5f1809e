import { expect, test } from 'vitest'
import { Rng } from '../base/rng.ts'
import { interval95, mean, median } from './statistics.ts'

test('the mean and the median of known lists', () => {
  expect(mean([1, 2, 6])).toBe(3)
  expect(median([9, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
})

test('the interval of five values is the textbook one', () => {
  // 1..5: mean 3, s = 1.5811, t(4) = 2.776, half-width 2.776 x 1.5811 / sqrt(5) = 1.963
  const interval = interval95([1, 2, 3, 4, 5])
  expect(interval.mean).toBe(3)
  expect(interval.high - interval.mean).toBeCloseTo(1.963, 3)
})

test('one value has no spread to estimate, so its interval is the value', () => {
  expect(interval95([0.7])).toEqual({ mean: 0.7, low: 0.7, high: 0.7 })
})

test('about 95 % of the intervals of normal samples hold the true mean', () => {
  const rng = new Rng(7)
  for (const size of [3, 10, 40]) {
    let hits = 0
    for (let trial = 0; trial < 2000; trial += 1) {
      const { low, high } = interval95(Array.from({ length: size }, () => rng.normal()))
      if (low <= 0 && high >= 0) hits += 1
    }
    expect(hits / 2000).toBeGreaterThan(0.935)
    expect(hits / 2000).toBeLessThan(0.965)
  }
})
