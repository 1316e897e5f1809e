import { expect, test } from 'vitest'
import { Rng } from '../base/rng.ts'
import type { ForecastSettings } from '../core/site.ts'
import { slotMeans } from './arrival-history.ts'
import { forecastArrivals } from './forecast-arrivals.ts'
import { oracleArrivals } from './oracle-arrivals.ts'
import { seasonLength } from './season-length.ts'

const windowSeconds = 200

function forecast(counts: ArrayLike<number>, change: Partial<ForecastSettings> = {}) {
  return forecastArrivals({
    settings: { arrivals: 'auto', seasonSeconds: null, injectedError: 0, ...change },
    countsPerSecond: counts,
    slotSeconds: 1,
    slotCount: windowSeconds,
    windowSeconds,
    errorRng: new Rng(1, 'error'),
  })
}

function sine(periodSeconds: number, from: number, seconds: number): Float64Array {
  return Float64Array.from(
    { length: seconds },
    (_, i) => 100 * (1 + 0.7 * Math.sin((2 * Math.PI * (from + i + 0.5)) / periodSeconds)),
  )
}

function poisson(rates: Float64Array, seed = 3): Float64Array {
  const rng = new Rng(seed, 'counts')
  return rates.map((rate) => rng.poisson(rate))
}

function worstError(meanRps: readonly number[], truth: Float64Array): number {
  return meanRps.reduce((worst, rate, i) => Math.max(worst, Math.abs(rate - truth[i]!)), 0)
}

test('seasonal: a pure sine goes on as a sine, its period given or found', () => {
  for (const period of [60, 97.3, 150, 240]) {
    const history = sine(period, 0, 1000)
    const truth = sine(period, 1000, windowSeconds)
    const given = forecast(history, { arrivals: 'seasonal', seasonSeconds: period })
    const found = forecast(history, { arrivals: 'seasonal' })
    expect(worstError(given.meanRps, truth)).toBeLessThan(1)
    expect(worstError(found.meanRps, truth)).toBeLessThan(3)
    expect(found.method).toMatch(/^seasonal \(/)
  }
})

test('the period is found under Poisson noise, and a multiple of it is not taken for it', () => {
  for (const period of [80, 120, 200]) {
    const found = seasonLength(poisson(sine(period, 0, 1000)))
    expect(found).toBeGreaterThan(0.97 * period)
    expect(found).toBeLessThan(1.03 * period)
  }
})

test('no season is found in constant load, in a ramp, in nothing', () => {
  expect(seasonLength(poisson(new Float64Array(1000).fill(20)))).toBeNull()
  expect(seasonLength(Float64Array.from({ length: 1000 }, (_, i) => 20 + i / 10))).toBeNull()
  expect(seasonLength(new Float64Array(1000))).toBeNull()
  expect(seasonLength(new Float64Array(0))).toBeNull()
})

test('seasonal without a season falls back to the last window and says why', () => {
  const short = forecast(sine(500, 0, 450), { arrivals: 'seasonal', seasonSeconds: 500 })
  expect(short.method).toBe('last-window (less than one season of history)')
  const flat = forecast(poisson(new Float64Array(1000).fill(20)), { arrivals: 'seasonal' })
  expect(flat.method).toBe('last-window (no season found)')
})

test('last-window holds the mean of the last window', () => {
  const history = Float64Array.from({ length: 600 }, (_, i) => (i < 400 ? 50 : 10))
  const { meanRps, method } = forecast(history, { arrivals: 'last-window' })
  expect(method).toBe('last-window')
  expect(meanRps).toEqual(new Array(200).fill(10))
})

test('ewma-trend follows a ramp that last-window lags behind', () => {
  const ramp = (from: number, seconds: number) =>
    Float64Array.from({ length: seconds }, (_, i) => 50 + 0.2 * (from + i))
  const truth = ramp(1000, windowSeconds)
  const trend = forecast(poisson(ramp(0, 1000)), { arrivals: 'ewma-trend' })
  const held = forecast(poisson(ramp(0, 1000)), { arrivals: 'last-window' })
  expect(worstError(held.meanRps, truth)).toBeGreaterThan(50)
  expect(worstError(trend.meanRps, truth)).toBeLessThan(25)
})

test('ewma-trend of constant load is that load, and no forecast is ever negative', () => {
  const flat = forecast(poisson(new Float64Array(1000).fill(80)), { arrivals: 'ewma-trend' })
  expect(worstError(flat.meanRps, new Float64Array(200).fill(80))).toBeLessThan(3)
  const falling = Float64Array.from({ length: 1000 }, (_, i) => Math.max(0, 90 - i / 10))
  const { meanRps } = forecast(falling, { arrivals: 'ewma-trend' })
  expect(Math.min(...meanRps)).toBeGreaterThanOrEqual(0)
})

test('auto takes what would have been best on this tenant: the season, or the trend', () => {
  const season = forecast(poisson(sine(100, 0, 1000)))
  expect(season.method).toMatch(/^seasonal/)
  expect(season.backTestError).toBeLessThan(0.06)
  const ramp = Float64Array.from({ length: 1000 }, (_, i) => 50 + 0.3 * i)
  expect(forecast(poisson(ramp)).method).toBe('ewma-trend')
})

test('auto takes a load that jumps about a mean back to it, from where it is now', () => {
  const rng = new Rng(6, 'on-off')
  const rates = new Float64Array(1600)
  for (let at = 0, isOn = true; at < rates.length; isOn = !isOn) {
    const until = Math.min(rates.length, at + 20 + rng.integer(isOn ? 60 : 120))
    rates.fill(isOn ? 300 : 60, at, until)
    at = until
  }
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length
  rates.fill(300, 1580)
  const jumping = forecast(poisson(rates))
  expect(jumping.method).toBe('mean-reverting')
  expect(jumping.meanRps[0]).toBeGreaterThan(1.2 * mean)
  expect(Math.abs((jumping.meanRps[199] ?? 0) - mean)).toBeLessThan(0.1 * mean)
  expect(jumping.dispersion).toBeGreaterThan(20)
})

test('the dispersion of Poisson arrivals is about 1, whatever the trend', () => {
  const flat = forecast(poisson(new Float64Array(2000).fill(60)))
  const season = forecast(poisson(sine(100, 0, 2000)))
  for (const { dispersion } of [flat, season]) {
    expect(dispersion).toBeGreaterThan(0.9)
    expect(dispersion).toBeLessThan(1.25)
  }
})

test('the dispersion of a Gamma mixture is its own', () => {
  const rng = new Rng(4, 'mixture')
  const counts = Float64Array.from({ length: 2000 }, () => rng.poisson(3 * rng.gamma(60 / 3)))
  expect(forecast(counts).dispersion).toBeGreaterThan(3.5)
  expect(forecast(counts).dispersion).toBeLessThan(4.6)
})

test('with less than two windows of history there is no score, but still a forecast', () => {
  const short = forecast(poisson(new Float64Array(150).fill(40)))
  expect(short.backTestError).toBeNull()
  expect(short.meanRps[0]).toBeGreaterThan(35)
  expect(short.meanRps[0]).toBeLessThan(45)
  expect(short.dispersion).toBeGreaterThan(0.6)
  expect(short.dispersion).toBeLessThan(1.5)
  const none = forecast([])
  expect(none).toMatchObject({ backTestError: null, dispersion: 1 })
  expect(none.meanRps).toEqual(new Array(200).fill(0))
})

test('an injected error moves all slots by one factor of the size asked for, and is named', () => {
  const history = new Float64Array(400).fill(50)
  const factors = Array.from({ length: 400 }, (_, seed) => {
    const settings = { arrivals: 'last-window', seasonSeconds: null, injectedError: 0.3 } as const
    const { meanRps, method } = forecastArrivals({
      settings,
      countsPerSecond: history,
      slotSeconds: 10,
      slotCount: 20,
      windowSeconds,
      errorRng: new Rng(seed, 'error'),
    })
    expect(new Set(meanRps).size).toBe(1)
    expect(method).toBe('last-window, injected error 0.3')
    return meanRps[0]! / 50
  })
  const mean = factors.reduce((a, b) => a + b, 0) / factors.length
  const variance = factors.reduce((sum, x) => sum + (x - mean) ** 2, 0) / factors.length
  expect(mean).toBeCloseTo(1, 1)
  expect(Math.sqrt(variance)).toBeGreaterThan(0.26)
  expect(Math.sqrt(variance)).toBeLessThan(0.34)
})

test('the oracle is the truth, from the second the problem starts in', () => {
  const truth = {
    ratesRps: Float64Array.from({ length: 30 }, (_, i) => i),
    historySeconds: 10,
    gapCv: 2,
    items: [{ items: 1, share: 1 }],
    description: '',
  }
  const problem = { startSeconds: 5, slotSeconds: 2, slotCount: 3 }
  expect(oracleArrivals(truth, problem)).toEqual({
    method: 'oracle',
    meanRps: [15.5, 17.5, 19.5],
    dispersion: 4,
    backTestError: 0,
  })
})

test('slots that do not hold whole seconds get the mean of what they cover', () => {
  expect(slotMeans([1, 2, 3], 1.5, 2)).toEqual([(1 + 0.5 * 2) / 1.5, (0.5 * 2 + 3) / 1.5])
  expect(slotMeans([4], 2, 2)).toEqual([4, 4])
  expect(
    slotMeans(
      Float64Array.from({ length: 10 }, (_, i) => i),
      0.1,
      20,
    )[19],
  ).toBeCloseTo(1, 9)
})
