import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type AccuracyTable,
  accuracyAt,
  initialAccuracyAt,
  learningCurveAt,
} from './accuracy-table.ts'
import { driftAt } from './drift.ts'
import { retrainedVersion, stalenessAt, versionAccuracyAt } from './model-version.ts'

const table: AccuracyTable = {
  id: 'literal',
  source: 'typed for this test',
  parameters: {},
  driftGrid: [0, 0.5, 1],
  stalenessGrid: [0, 1],
  initialAccuracy: [0.9, 0.7, 0.5],
  configurations: [
    {
      id: 'full',
      epochs: 2,
      samplesPerEpoch: 100,
      accuracy: [
        [0.9, 0.8, 0.6],
        [0.8, 0.6, 0.4],
      ],
      accuracySpread: 0.01,
      learningCurve: [
        [0.9, 0.9, 0.9],
        [0.5, 0.7, 0.8],
      ],
    },
  ],
}

describe('an accuracy table', () => {
  test('gives the measured value at a measured point', () => {
    expect(accuracyAt(table, 'full', 0, 0.5)).toBe(0.8)
    expect(accuracyAt(table, 'full', 1, 1)).toBe(0.4)
    expect(initialAccuracyAt(table, 0.5)).toBe(0.7)
  })

  test('is bilinear between', () => {
    expect(accuracyAt(table, 'full', 0.5, 0.25)).toBeCloseTo((0.85 + 0.7) / 2)
    expect(initialAccuracyAt(table, 0.75)).toBeCloseTo(0.6)
    expect(learningCurveAt(table, 'full', 0.25)).toEqual([0.8, 0.85, 0.875].map(near))
  })

  test('holds its last point beyond the grid', () => {
    expect(accuracyAt(table, 'full', 7, 9)).toBe(0.4)
    expect(initialAccuracyAt(table, 9)).toBe(0.5)
    expect(learningCurveAt(table, 'full', 9)).toEqual([0.5, 0.7, 0.8])
  })

  test('refuses an unknown configuration, a negative distance and NaN as bugs', () => {
    expect(() => accuracyAt(table, 'none', 0, 0)).toThrow(/has no configuration none/)
    expect(() => accuracyAt(table, 'full', -0.1, 0)).toThrow(/not negative/)
    expect(() => accuracyAt(table, 'full', 0, Number.NaN)).toThrow(/not negative/)
  })

  test('never leaves the range of its values', () => {
    const distance = fc.double({ min: 0, max: 3, noNaN: true })
    fc.assert(
      fc.property(distance, distance, (staleness, drift) => {
        const accuracy = accuracyAt(table, 'full', staleness, drift)
        expect(accuracy).toBeGreaterThanOrEqual(0.4 - 1e-12)
        expect(accuracy).toBeLessThanOrEqual(0.9 + 1e-12)
      }),
    )
  })
})

test('drift adds up steadily, and at once at a shift', () => {
  const drift = { distancePerSecond: 0.01, shifts: [{ atSeconds: 30, distance: 0.5 }] }
  expect(driftAt(drift, 0)).toBe(0)
  expect(driftAt(drift, 29)).toBeCloseTo(0.29)
  expect(driftAt(drift, 30)).toBeCloseTo(0.8)
  expect(driftAt(drift, 100)).toBeCloseTo(1.5)
  expect(() => driftAt(drift, -1)).toThrow(/t = 0/)
})

describe('a model version', () => {
  const initial = { kind: 'initial', labelsAt: -0.5 } as const
  const full = { configurationId: 'full', labelsAt: 0.5 }

  test('ages from its labels, not from its deployment', () => {
    expect(versionAccuracyAt(table, initial, 0)).toBe(0.7)
    const next = retrainedVersion(table, initial, full)
    expect(next).toEqual({ kind: 'retrained', ...full, staleness: 1 })
    expect(versionAccuracyAt(table, next, 0.5)).toBe(0.8)
    expect(versionAccuracyAt(table, next, 1.5)).toBe(0.4)
  })

  test('that retraining left behind is a staler start for the next one', () => {
    const next = retrainedVersion(table, initial, full)
    expect(stalenessAt(table, initial, 0)).toBe(0.5)
    expect(stalenessAt(table, next, 0.75)).toBeCloseTo(0.25 + 0.25)
  })

  test('as good as the initial one has no lag, and a useless one has the whole grid', () => {
    const fresh = { kind: 'retrained', ...full, staleness: 0 } as const
    expect(stalenessAt(table, fresh, 0.6)).toBeCloseTo(0.1)
    const useless = { ...table, initialAccuracy: [0.99, 0.98, 0.97] }
    expect(stalenessAt(useless, fresh, 0.5)).toBe(1)
  })
})

function near(value: number): unknown {
  return expect.closeTo(value, 10)
}
