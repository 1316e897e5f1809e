import fc from 'fast-check'
import { expect, test } from 'vitest'
import { neverFalling, neverRising } from './isotonic.ts'

const series = fc.array(
  fc.record({
    value: fc.double({ min: -10, max: 10, noNaN: true }),
    weight: fc.integer({ min: 1, max: 9 }),
  }),
  { minLength: 1, maxLength: 12 },
)

test('the result never falls, keeps the weighted mean, and leaves alone what never fell', () => {
  fc.assert(
    fc.property(series, (entries) => {
      const values = entries.map(({ value }) => value)
      const weights = entries.map(({ weight }) => weight)
      const result = neverFalling(values, weights)
      const mean = (of: readonly number[]) =>
        of.reduce((sum, x, i) => sum + x * (weights[i] ?? 0), 0)
      for (let i = 1; i < result.length; i += 1) {
        expect(result[i]).toBeGreaterThanOrEqual((result[i - 1] ?? 0) - 1e-12)
      }
      expect(mean(result)).toBeCloseTo(mean(values), 9)
      expect(neverFalling(result, weights)).toEqual(result.map((x) => expect.closeTo(x, 9)))
      expect(neverRising(values, weights)).toEqual(
        neverFalling(
          values.map((x) => -x),
          weights,
        ).map((x) => -x),
      )
    }),
  )
})

test('no other sequence that never falls is nearer, moved a little anywhere', () => {
  fc.assert(
    fc.property(
      series,
      fc.nat(),
      fc.double({ min: -1, max: 1, noNaN: true }),
      (entries, at, by) => {
        const values = entries.map(({ value }) => value)
        const weights = entries.map(({ weight }) => weight)
        const distance = (of: readonly number[]) =>
          of.reduce((sum, x, i) => sum + (weights[i] ?? 0) * (x - (values[i] ?? 0)) ** 2, 0)
        const result = neverFalling(values, weights)
        const moved = result.map((x, i) => (i === at % result.length ? x + by : x))
        const isLegal = moved.every((x, i) => i === 0 || x >= (moved[i - 1] ?? 0))
        if (isLegal) expect(distance(moved)).toBeGreaterThanOrEqual(distance(result) - 1e-9)
      },
    ),
  )
})
