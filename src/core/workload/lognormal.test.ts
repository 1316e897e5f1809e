import { expect, test } from 'vitest'
import { expectedMinimum, normalCdf } from './lognormal.ts'

test('the normal distribution function is within 2e-7 of its tabled values', () => {
  const table = [
    [0, 0.5],
    [0.5, 0.6914624613],
    [1, 0.8413447461],
    [1.96, 0.9750021049],
    [3, 0.998650102],
    [5, 0.9999997133],
  ] as const
  for (const [z, exact] of table) {
    expect(Math.abs(normalCdf(z) - exact)).toBeLessThan(2e-7)
    expect(Math.abs(normalCdf(-z) - (1 - exact))).toBeLessThan(2e-7)
  }
})

test('the expected minimum with a limit is the integral of the tail below it', () => {
  for (const sigma of [0.05, 0.3, 1]) {
    for (const limit of [0.3, 1, 2.5]) {
      const x = { mean: 1, logMean: 0, sigma }
      let integral = 0
      const steps = 20_000
      for (let i = 0; i < steps; i += 1) {
        const at = ((i + 0.5) / steps) * limit
        integral += (limit / steps) * normalCdf(-(Math.log(at) + sigma ** 2 / 2) / sigma)
      }
      expect(expectedMinimum(x, limit, Math.log(limit))).toBeCloseTo(integral, 5)
    }
  }
})
