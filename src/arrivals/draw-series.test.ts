import { expect, test } from 'vitest'
import { Rng } from '../base/rng.ts'
import type { Amplification, ArrivalSpec, RatePattern } from '../core/workload/arrival-spec.ts'
import type { Trace } from '../core/workload/trace.ts'
import { drawCounts } from './draw-counts.ts'
import { drawSeries } from './draw-series.ts'
import { arrivalsFromPattern, arrivalsFromTrace } from './resolve.ts'
import { TraceError } from './trace-error.ts'

const none: Amplification = { kind: 'none' }
const single = [{ items: 1, share: 1 }]

/** Counts per second of a load of `rps`, with variance `dispersion` times the mean. */
function recorded(rps: number, dispersion: number, seconds: number): Trace {
  const rng = new Rng(11, 'recorded')
  const counts = Float64Array.from({ length: seconds }, () => {
    const scale = dispersion - 1
    return rng.poisson(scale > 0 ? scale * rng.gamma(rps / scale) : rps)
  })
  return { kind: 'counts', binSeconds: 1, counts }
}

function specOf(trace: Trace, change: Partial<Parameters<typeof arrivalsFromTrace>[0]> = {}) {
  const { amplification = none, timeCompression = 1, offsetSeconds = 0 } = change
  const { shiftSecondsMax = null, historySeconds = 200, durationSeconds = 800 } = change
  const source = {
    kind: 'trace' as const,
    name: 'recorded',
    trace,
    offsetSeconds,
    shiftSecondsMax,
    smoothSeconds: 30,
    timeCompression,
    amplification,
  }
  return { source, items: single, historySeconds, durationSeconds } satisfies ArrivalSpec
}

function generated(pattern: RatePattern, gapCv = 1, shiftSecondsMax = 0): ArrivalSpec {
  return arrivalsFromPattern({
    pattern,
    gapCv,
    noise: null,
    shiftSecondsMax,
    items: single,
    historySeconds: 100,
    durationSeconds: 400,
  })
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function dispersion(values: Float64Array): number {
  const m = mean(values)
  return values.reduce((sum, value) => sum + (value - m) ** 2, 0) / values.length / m
}

function countsOf(spec: ArrivalSpec, seed = 5): Float64Array {
  const series = drawSeries(spec, 'a', seed)
  return drawCounts(series, { from: 0, until: series.ratesRps.length }, new Rng(seed, 'counts'))
}

test('the same seed gives the same series, another seed or tenant another one', () => {
  const spec = specOf(recorded(6, 1, 3600))
  expect(drawSeries(spec, 'a', 1)).toEqual(drawSeries(spec, 'a', 1))
  expect(drawSeries(spec, 'a', 1)).not.toEqual(drawSeries(spec, 'a', 2))
  expect(drawSeries(spec, 'a', 1)).not.toEqual(drawSeries(spec, 'b', 1))
})

test('a seed shifts the offset into the trace, never before the one given or past the end', () => {
  const counts = Float64Array.from({ length: 2000 }, (_, i) => i)
  const trace: Trace = { kind: 'counts', binSeconds: 1, counts }
  const spec = specOf(trace, { offsetSeconds: 300, amplification: { kind: 'resample', factor: 1 } })
  const starts = Array.from({ length: 30 }, (_, seed) => drawSeries(spec, 'a', seed).ratesRps[0]!)
  expect(Math.min(...starts)).toBeGreaterThanOrEqual(299)
  expect(Math.max(...starts)).toBeLessThanOrEqual(1001)
  expect(new Set(starts).size).toBeGreaterThan(20)
  const fixed = specOf(trace, { offsetSeconds: 300, shiftSecondsMax: 0 })
  const resampled = { ...fixed.source, amplification: { kind: 'resample', factor: 1 } as const }
  expect(drawSeries({ ...fixed, source: resampled }, 'a', 9).ratesRps[0]).toBeCloseTo(300, 6)
})

test('resampled as Poisson: the mean is multiplied, the burstiness is not', () => {
  const trace = recorded(5.5, 4, 3000)
  const plain = countsOf(specOf(trace))
  const spec = specOf(trace, {
    amplification: { kind: 'resample', factor: 100 },
    durationSeconds: 2500,
  })
  const series = drawSeries(spec, 'a', 5)
  const relativeSpread = dispersion(series.ratesRps) / mean(series.ratesRps)
  expect(mean(series.ratesRps)).toBeGreaterThan(480)
  expect(mean(series.ratesRps)).toBeLessThan(620)
  // A silent multiplication would keep the recording's relative variance, 4 / 5.5 = 0.73.
  expect(dispersion(plain) / mean(plain)).toBeGreaterThan(0.5)
  expect(relativeSpread).toBeLessThan(0.05)
  expect(series.description).toBe('recorded, x100, rate resampled as Poisson')
})

test('superposed offsets: the sum of shifted copies, dispersion kept, relative spread gone', () => {
  const spec = specOf(recorded(5.5, 4, 3000), { amplification: { kind: 'superpose', copies: 60 } })
  const counts = countsOf(spec)
  expect(mean(counts)).toBeGreaterThan(310)
  expect(mean(counts)).toBeLessThan(350)
  expect(dispersion(counts)).toBeGreaterThan(2.8)
  expect(dispersion(counts)).toBeLessThan(5.5)
})

test('as recorded, a bursty load keeps its dispersion, a Poisson one too', () => {
  const bursty = countsOf(specOf(recorded(20, 5, 3000), { durationSeconds: 2500 }))
  const poisson = countsOf(specOf(recorded(20, 1, 3000), { durationSeconds: 2500 }))
  expect(dispersion(bursty)).toBeGreaterThan(4)
  expect(dispersion(bursty)).toBeLessThan(6.2)
  expect(dispersion(poisson)).toBeGreaterThan(0.9)
  expect(dispersion(poisson)).toBeLessThan(1.25)
})

test('time compression runs through several seconds of trace in one, at unchanged rates', () => {
  const counts = Float64Array.from({ length: 6000 }, (_, i) => (i < 3000 ? 10 : 20))
  const trace: Trace = { kind: 'counts', binSeconds: 1, counts }
  const spec = specOf(trace, { timeCompression: 6, amplification: { kind: 'resample', factor: 2 } })
  const { ratesRps, description } = drawSeries(spec, 'a', 0)
  expect(ratesRps.length).toBe(1000)
  expect(ratesRps[10]).toBeCloseTo(20, 6)
  expect(ratesRps[990]).toBeCloseTo(40, 6)
  expect(description).toContain('time x6 faster')
})

test('coarse bins are joined by straight lines between their middles', () => {
  const trace: Trace = {
    kind: 'rates',
    binSeconds: 600,
    ratesRps: Float64Array.of(2, 8),
    gapCv: Float64Array.of(3, 3),
  }
  const spec = specOf(trace)
  const { ratesRps, gapCv } = drawSeries(spec, 'a', 0)
  const start = 0 // 1200 s of trace leave a slack of 200 s for 1000 s
  expect(ratesRps[start]).toBeGreaterThanOrEqual(2)
  for (let i = 1; i < ratesRps.length; i += 1) {
    expect(ratesRps[i]! - ratesRps[i - 1]!).toBeGreaterThanOrEqual(0)
    expect(ratesRps[i]! - ratesRps[i - 1]!).toBeLessThan(0.0101)
  }
  expect(gapCv).toBeCloseTo(3, 9)
})

test('stamps on a 3-second grid are spread over it', () => {
  const seconds = Float64Array.from({ length: 30_000 }, (_, i) => 3 * Math.floor(i / 30))
  const clumped: Trace = { kind: 'timestamps', seconds, clumpSeconds: 3 }
  const spec = specOf(clumped, { durationSeconds: 2000 })
  const source = { ...spec.source, smoothSeconds: 1 }
  const { ratesRps } = drawSeries({ ...spec, source }, 'a', 3)
  const empty = ratesRps.filter((rate) => rate === 0).length
  expect(empty).toBeLessThan(5)
  expect(mean(ratesRps)).toBeCloseTo(10, 0)
})

test('a trace too short for history and run is refused with the seconds that would do', () => {
  const text = `second,n\n${Array.from({ length: 100 }, (_, i) => `${i},1`).join('\n')}\n`
  const input = {
    text,
    sourceName: 'short.csv',
    series: null,
    format: 'counts' as const,
    ...specOf(recorded(1, 1, 10)).source,
    items: single,
    historySeconds: 50,
    durationSeconds: 60,
  }
  expect(() => arrivalsFromTrace(input)).toThrow(TraceError)
  expect(() => arrivalsFromTrace(input)).toThrow(
    'short.csv, line 101, column 1: found a trace that ends after 100 s, ' +
      'accepted: at least 110 s (offset 0, history 50, run 60, time compression 1)',
  )
  const spec = arrivalsFromTrace({ ...input, historySeconds: 40 })
  expect(spec.source.kind === 'trace' && spec.source.trace.kind).toBe('counts')
})

test('anti-phase sines add up to a constant, whatever the seed shifts', () => {
  const sine = { kind: 'sine', meanRps: 100, amplitude: 0.8, periodSeconds: 120 } as const
  for (const seed of [1, 2, 3]) {
    const a = drawSeries(generated({ ...sine, phase: 0 }, 1, 120), 'a', seed)
    const b = drawSeries(generated({ ...sine, phase: 0.5 }, 1, 120), 'b', seed)
    for (const [i, rate] of a.ratesRps.entries()) expect(rate + b.ratesRps[i]!).toBeCloseTo(200, 6)
    expect(Math.max(...a.ratesRps)).toBeGreaterThan(179)
  }
})

test('a ramp is flat before its start and after its end', () => {
  const ramp = { kind: 'ramp', fromRps: 10, toRps: 30, startSeconds: 100, endSeconds: 200 } as const
  const { ratesRps } = drawSeries(generated(ramp), 'a', 1)
  expect(ratesRps[0]).toBe(10)
  expect(ratesRps[100 + 149]).toBeCloseTo(10 * (1 - 0.495) + 30 * 0.495, 6)
  expect(ratesRps[499]).toBe(30)
})

test('diurnal: its peak is high, its trough low', () => {
  const day = { kind: 'diurnal', lowRps: 5, highRps: 50, periodSeconds: 200 } as const
  const { ratesRps } = drawSeries(generated({ ...day, peakSeconds: 50, sharpness: 2 }), 'a', 1)
  expect(ratesRps[150]).toBeGreaterThan(49.9)
  expect(ratesRps[250]).toBeLessThan(5.01)
})

test('on-off bursts spend the given share of time at each rate', () => {
  const bursts = { kind: 'on-off', offRps: 1, onRps: 21, offSeconds: 6, onSeconds: 2 } as const
  const spec = { ...generated(bursts), durationSeconds: 40_000 }
  expect(mean(drawSeries(spec, 'a', 1).ratesRps)).toBeCloseTo(6, 0)
})

test('steps hold until the next', () => {
  const steps = [
    { atSeconds: 0, rps: 5 },
    { atSeconds: 100, rps: 9 },
  ]
  const { ratesRps } = drawSeries(generated({ kind: 'steps', steps }), 'a', 1)
  expect([ratesRps[0], ratesRps[199], ratesRps[200]]).toEqual([5, 5, 9])
})

test('noise leaves the mean and adds the relative spread asked for', () => {
  const spec = generated({ kind: 'constant', rps: 50 })
  const source = { ...spec.source, noise: { relative: 0.3, correlationSeconds: 20 } } as const
  const noisy = drawSeries({ ...spec, source, durationSeconds: 200_000 } as ArrivalSpec, 'a', 1)
  const { ratesRps } = noisy
  expect(mean(ratesRps)).toBeGreaterThan(48)
  expect(mean(ratesRps)).toBeLessThan(52)
  expect(Math.sqrt(dispersion(ratesRps) / mean(ratesRps))).toBeCloseTo(0.3, 1)
})

test('constant load is Poisson, Gamma-renewal gaps make bursts of dispersion cv squared', () => {
  const constant = { kind: 'constant', rps: 200 } as const
  const long = (gapCv: number) => ({ ...generated(constant, gapCv), durationSeconds: 4000 })
  expect(dispersion(countsOf(long(1)))).toBeCloseTo(1, 0)
  expect(dispersion(countsOf(long(3)))).toBeGreaterThan(7.5)
  expect(dispersion(countsOf(long(3)))).toBeLessThan(10.5)
  expect(mean(countsOf(long(3)))).toBeGreaterThan(194)
  expect(mean(countsOf(long(3)))).toBeLessThan(206)
  expect(dispersion(countsOf(long(0)))).toBeLessThan(0.01)
})
