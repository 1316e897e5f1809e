import { expect, test } from 'vitest'
import type { AccuracyTable } from '../learning/accuracy-table.ts'
import { bestAccuracy } from './best-accuracy.ts'
import { bestThroughput } from './best-throughput.ts'

const table: AccuracyTable = {
  id: 'literal',
  source: 'typed for this test',
  parameters: {},
  driftGrid: [0, 1],
  stalenessGrid: [0, 1],
  initialAccuracy: [0.8, 0.5],
  configurations: [
    {
      id: 'full',
      epochs: 1,
      samplesPerEpoch: 1,
      accuracy: [
        [0.9, 0.7],
        [0.8, 0.6],
      ],
      accuracySpread: 0.01,
      learningCurve: [[0.9], [0.8]],
    },
  ],
}

const run = {
  table,
  configurations: [{ id: 'full', secondsMin: 4 }],
  drift: { distancePerSecond: 0.01, shifts: [] },
  initialStaleness: 0,
  windowSeconds: 10,
  durationSeconds: 20,
  luckMax: 0,
}

test('the best accuracy is the first version until a retraining can be done', () => {
  const best = bestAccuracy(run)
  expect(best[0]).toBeCloseTo(0.8 - 0.3 * 0.005)
  expect(best[2]).toBeCloseTo(0.8 - 0.3 * 0.025)
  expect(best[3]).toBeCloseTo(0.9 - 0.2 * 0.035)
})

test('the newest labels count from when they can have been trained on', () => {
  const best = bestAccuracy(run)
  expect(best[12]).toBeCloseTo(0.9 - 0.2 * 0.125)
  expect(best[13]).toBeCloseTo(0.9 - 0.2 * 0.035)
})

test('luck adds so many deviations, never beyond 1', () => {
  expect(bestAccuracy({ ...run, luckMax: 2 })[3]).toBeCloseTo(0.92 - 0.2 * 0.035)
  expect(bestAccuracy({ ...run, luckMax: 50 })[3]).toBe(1)
})

test('what hurts is not done', () => {
  const [full] = table.configurations
  const worse = { ...full, accuracy: [[0.1, 0.1]] } as unknown as (typeof table.configurations)[0]
  const hurting = { ...table, stalenessGrid: [0], configurations: [worse] }
  expect(bestAccuracy({ ...run, table: hurting })[15]).toBeCloseTo(0.8 - 0.3 * 0.155)
})

test('the best throughput is that of any batch that fits into the SLO alone', () => {
  const points = [
    { items: 1, latencySeconds: 0.05 },
    { items: 8, latencySeconds: 0.1 },
    { items: 16, latencySeconds: 0.4 },
  ]
  expect(bestThroughput(points, { sloSeconds: 0.1, scale: 1 })).toBe(80)
  expect(bestThroughput(points, { sloSeconds: 0.1, scale: 2 })).toBe(10)
  expect(bestThroughput(points, { sloSeconds: 0.04, scale: 1 })).toBe(0)
})
