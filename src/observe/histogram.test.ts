import { expect, test } from 'vitest'
import { Rng } from '../base/rng.ts'
import { DurationHistogram } from './histogram.ts'

test('quantiles are within 0.4 % of the sorted durations, over nine orders of magnitude', () => {
  const rng = new Rng(1)
  const durations = Array.from({ length: 20_000 }, () => 10 ** (-5 + 9 * rng.uniform()))
  const histogram = new DurationHistogram()
  for (const seconds of durations) histogram.add(seconds)
  durations.sort((a, b) => a - b)
  for (const p of [0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1]) {
    const exact = durations[Math.ceil(p * durations.length) - 1] as number
    expect(Math.abs(histogram.quantile(p) / exact - 1)).toBeLessThanOrEqual(2 ** -8)
  }
})

test('the mean is exact', () => {
  const histogram = new DurationHistogram()
  for (const seconds of [0.25, 0.5, 3]) histogram.add(seconds)
  expect(histogram.mean()).toBe(1.25)
  expect(histogram.count).toBe(3)
})

test('without durations the mean and every quantile are zero', () => {
  expect(new DurationHistogram().mean()).toBe(0)
  expect(new DurationHistogram().quantile(0.5)).toBe(0)
})

test('what is too short or too long to tell apart is counted all the same', () => {
  const histogram = new DurationHistogram()
  for (const seconds of [0, 1e-30, 1e30]) histogram.add(seconds)
  expect(histogram.quantile(0.5)).toBeLessThan(1e-6)
  expect(histogram.quantile(1)).toBeGreaterThan(1e5)
})
