import { expect, test } from 'vitest'
import { Rng } from '../base/rng.ts'
import { withAccuracyError } from './injected-error.ts'

const retraining = {
  configurationId: 'full',
  secondsByClass: [10],
  accuracyAfter: [0.5, 0.48],
  accuracyTerminal: 0.46,
  accuracyUncertainty: 0.02,
}

test('without an error a retraining is expected to reach what it was', () => {
  expect(withAccuracyError(retraining, 0, new Rng(1))).toBe(retraining)
})

test('an error moves all that a retraining is to reach alike, by the size asked for', () => {
  const errors = Array.from({ length: 400 }, (_, seed) => {
    const wrong = withAccuracyError(retraining, 0.05, new Rng(seed))
    const error = wrong.accuracyTerminal - 0.46
    expect(wrong.accuracyAfter.map((own, t) => own - retraining.accuracyAfter[t]!)).toEqual([
      expect.closeTo(error, 9),
      expect.closeTo(error, 9),
    ])
    expect(wrong.secondsByClass).toEqual([10])
    return error
  })
  const mean = errors.reduce((a, b) => a + b, 0) / errors.length
  const variance = errors.reduce((sum, x) => sum + (x - mean) ** 2, 0) / errors.length
  expect(Math.abs(mean)).toBeLessThan(0.01)
  expect(Math.sqrt(variance)).toBeGreaterThan(0.044)
  expect(Math.sqrt(variance)).toBeLessThan(0.056)
})

test('accuracy stays a share however wrong it is', () => {
  const wrong = Array.from({ length: 50 }, (_, seed) =>
    withAccuracyError(retraining, 1, new Rng(seed)),
  )
  const all = wrong.flatMap(({ accuracyAfter }) => accuracyAfter)
  expect(Math.min(...all)).toBe(0)
  expect(Math.max(...all)).toBe(1)
})
