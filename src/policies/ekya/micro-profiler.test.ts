import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  accuracyOn,
  configurationsTried,
  extrapolateTrial,
  fitSaturatingCurve,
} from './micro-profiler.ts'

test('a trial on a tenth of the data finds the curve it was drawn from', () => {
  const truth = { slope: 3, offset: 2, loss: 0.1 }
  const points = [1, 2, 3, 4, 5].map((epochs) => ({
    epochs,
    accuracy: accuracyOn(truth, 0.1 * epochs),
  }))
  const outcome = extrapolateTrial({
    points,
    sampleShare: 0.1,
    secondsPerTrialEpoch: 2,
    epochs: 30,
  })
  expect(outcome.accuracyAfter).toBeCloseTo(accuracyOn(truth, 30), 2)
  expect(outcome.seconds).toBeCloseTo(600)
})

test('training that lowers accuracy is not believed to: the curve is flat', () => {
  const points = [0.8, 0.78, 0.75].map((accuracy, i) => ({ epochs: i + 1, accuracy }))
  const curve = fitSaturatingCurve(points)
  expect(curve.slope).toBe(0)
  expect(accuracyOn(curve, 30)).toBeCloseTo(0.777, 2)
})

test('a fitted curve never falls and never passes 1', () => {
  const accuracy = fc.double({ min: 0.05, max: 0.95, noNaN: true })
  fc.assert(
    fc.property(fc.array(accuracy, { minLength: 1, maxLength: 6 }), (accuracies) => {
      const points = accuracies.map((own, i) => ({ epochs: i + 1, accuracy: own }))
      const curve = fitSaturatingCurve(points)
      const on = [1, 2, 5, 30, 1000].map((epochs) => accuracyOn(curve, epochs))
      for (const [i, value] of on.entries()) {
        expect(value).toBeLessThanOrEqual(1)
        if (i > 0) expect(value).toBeGreaterThanOrEqual((on[i - 1] as number) - 1e-12)
      }
    }),
    { numRuns: 200 },
  )
})

test('fewer and fewer configurations are tried, never none', () => {
  const tried = [0, 1, 2, 3, 4, 100].map((window) => configurationsTried(18, window))
  expect(tried).toEqual([18, 18, 14, 14, 11, 1])
})
