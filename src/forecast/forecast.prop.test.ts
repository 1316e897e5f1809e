import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Rng } from '../base/rng.ts'
import { advanceDeviation, startDeviation } from './deviation.ts'
import { deviationLimit } from './deviation-limit.ts'
import { estimateDrift } from './drift-estimate.ts'
import { forecastArrivals } from './forecast-arrivals.ts'
import { fitLearningCurve } from './learning-curve.ts'
import { oracleArrivals } from './oracle-arrivals.ts'
import { seasonal } from './seasonal.ts'

const counts = fc.oneof(
  fc.array(fc.nat(300), { maxLength: 400 }),
  fc.array(fc.constantFrom(0, 0, 0, 1, 900), { maxLength: 400 }),
  fc.nat(400).map((length) => new Array<number>(length).fill(7)),
)
const method = fc.constantFrom('last-window', 'seasonal', 'ewma-trend', 'auto')

test('whatever came, a forecast is finite, not negative, and as long as the problem', () => {
  fc.assert(
    fc.property(
      counts,
      method,
      fc.record({ slot: fc.constantFrom(0.5, 1, 2.5, 10), slots: fc.integer({ min: 1, max: 40 }) }),
      fc.option(fc.double({ min: 1, max: 300, noNaN: true })),
      (history, arrivals, { slot, slots }, seasonSeconds) => {
        const forecast = forecastArrivals({
          settings: { arrivals, seasonSeconds, injectedError: 0 },
          countsPerSecond: history,
          slotSeconds: slot,
          slotCount: slots,
          windowSeconds: 50,
          errorRng: new Rng(0),
        })
        expect(forecast.meanRps).toHaveLength(slots)
        expect(forecast.meanRps.every((rate) => Number.isFinite(rate) && rate >= 0)).toBe(true)
        expect(Number.isFinite(forecast.dispersion) && forecast.dispersion >= 0).toBe(true)
        expect(forecast.backTestError === null || forecast.backTestError >= 0).toBe(true)
        const calibration = { relativeChangeMin: 0.1, windowSeconds: 20, falseAlarmShare: 0.1 }
        const limit = deviationLimit(forecast.backTest, calibration, new Rng(0, 'limit'))
        expect(limit).toBeGreaterThanOrEqual(4)
        expect(Number.isFinite(limit)).toBe(true)
      },
    ),
    { numRuns: 150 },
  )
})

test('seasonal repeats any shape that has repeated exactly, to within its smoothing', () => {
  const shape = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 10, maxLength: 39 })
  fc.assert(
    fc.property(shape, fc.integer({ min: 2, max: 6 }), (season, times) => {
      const history = Float64Array.from(Array.from({ length: times }, () => season).flat())
      const { ratesRps } = seasonal(season.length)(history, 2 * season.length, season.length)
      for (const [i, rate] of ratesRps.entries()) {
        expect(rate).toBeCloseTo(season[i % season.length]!, 6)
      }
    }),
  )
})

test('the oracle of whole-second slots is exactly the rates to come', () => {
  const rates = fc.array(fc.double({ min: 0, max: 1e4, noNaN: true }), { minLength: 1 })
  fc.assert(
    fc.property(rates, fc.nat(), (future, seed) => {
      const historySeconds = seed % 7
      const ratesRps = Float64Array.from([...new Array(historySeconds).fill(1), ...future])
      const items = [{ items: 1, share: 1 }]
      const truth = { ratesRps, historySeconds, gapCv: 1, items, description: '' }
      const problem = { startSeconds: 0, slotSeconds: 1, slotCount: future.length }
      expect(oracleArrivals(truth, problem).meanRps).toEqual(future)
    }),
  )
})

const point = fc
  .record({
    epochs: fc.double({ min: 0, max: 20, noNaN: true }),
    labelled: fc.nat(1000),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ epochs, labelled, share }) => ({
    epochs,
    labelled,
    correct: Math.round(labelled * share),
  }))

test('no reading makes a learning curve leave [0, 1] or be certain', () => {
  const prior = { end: { mean: 0.7, deviation: 0.1 }, start: { mean: 0.6, deviation: 0.05 } }
  fc.assert(
    fc.property(fc.array(point, { maxLength: 12 }), (points) => {
      const fit = fitLearningCurve(points, 10, prior)
      expect(fit.mean).toBeGreaterThanOrEqual(0)
      expect(fit.mean).toBeLessThanOrEqual(1)
      expect(fit.deviation).toBeGreaterThan(0)
    }),
  )
})

test('drift is finite and not negative, and no order of the samples changes it', () => {
  const sample = fc.record({
    versionId: fc.constantFrom('a', 'b'),
    versionLabelledUntilSeconds: fc.integer({ min: -500, max: 0 }),
    atSeconds: fc.nat(1000),
    labelled: fc.integer({ min: 50, max: 500 }),
    correct: fc.nat(50),
  })
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 10 }), (samples) => {
      const now = { nowSeconds: 1000, halfLifeSeconds: 400, kneeSeconds: 100 }
      const drift = estimateDrift(samples, now)
      const reversed = estimateDrift([...samples].reverse(), now)
      for (const age of ['young', 'old'] as const) {
        const { mean, deviation } = drift[age]
        expect(Number.isFinite(mean) && mean >= 0 && deviation > 0).toBe(true)
        expect(reversed[age].mean).toBeCloseTo(mean, 9)
      }
    }),
  )
})

test('the sums of a deviation test stay in [0, limit], and alarms within the budget', () => {
  const reading = fc.record({
    expected: fc.double({ min: 0, max: 1000, noNaN: true }),
    observed: fc.nat(2000),
    dispersion: fc.double({ min: 0, max: 30, noNaN: true }),
  })
  const test = { limit: 6, relativeChangeMin: 0.1, minimumIntervalSeconds: 3, alarmsMax: 2 }
  fc.assert(
    fc.property(fc.array(reading, { maxLength: 60 }), (readings) => {
      let state = startDeviation(0)
      let last = Number.NEGATIVE_INFINITY
      for (const [atSeconds, one] of readings.entries()) {
        const next = advanceDeviation(test, state, { atSeconds, ...one })
        state = next.state
        expect(Math.min(state.above, state.below)).toBeGreaterThanOrEqual(0)
        expect(Math.max(state.above, state.below)).toBeLessThanOrEqual(test.limit)
        expect(state.alarmCount).toBeLessThanOrEqual(test.alarmsMax)
        if (next.alarm === null) continue
        expect(atSeconds - last).toBeGreaterThanOrEqual(test.minimumIntervalSeconds)
        expect(next.alarm.sinceSeconds).toBeLessThanOrEqual(atSeconds)
        last = atSeconds
      }
    }),
  )
})
