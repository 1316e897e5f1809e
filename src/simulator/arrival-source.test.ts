import { describe, expect, test } from 'vitest'
import { Rng } from '../base/rng.ts'
import type { ArrivalSeries } from '../core/workload/arrival-series.ts'
import { ArrivalSource, meanItems } from './arrival-source.ts'

const series = (rates: readonly number[], more: Partial<ArrivalSeries> = {}): ArrivalSeries => ({
  ratesRps: Float64Array.from(rates),
  historySeconds: 0,
  gapCv: 1,
  items: [{ items: 1, share: 1 }],
  description: 'test',
  ...more,
})

function drawn(of: ArrivalSeries, endSeconds = Infinity, seed = 1) {
  const source = new ArrivalSource(of, new Rng(seed), endSeconds)
  const requests: { at: number; items: number }[] = []
  for (; source.nextSeconds < Infinity; source.advance()) {
    requests.push({ at: source.nextSeconds, items: source.nextItems })
  }
  return requests
}

function countsPerSecond(of: ArrivalSeries): number[] {
  const counts = new Array<number>(of.ratesRps.length - of.historySeconds).fill(0)
  for (const { at } of drawn(of)) counts[Math.floor(at)] = (counts[Math.floor(at)] ?? 0) + 1
  return counts
}

const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length
const dispersion = (values: readonly number[]) =>
  mean(values.map((x) => (x - mean(values)) ** 2)) / mean(values)

describe('the rate of each second', () => {
  test('is met on average, and a second without a rate has no request', () => {
    const rates = Array.from({ length: 4000 }, (_, i) => [100, 0, 0, 25][i % 4] as number)
    const counts = countsPerSecond(series(rates))
    const at = (phase: number) => mean(counts.filter((_, i) => i % 4 === phase))
    expect(at(0)).toBeCloseTo(100, -0.3)
    expect(at(1) + at(2)).toBe(0)
    expect(at(3)).toBeCloseTo(25, -0.3)
  })

  test('history before t = 0 is not drawn, and nothing at or after the end', () => {
    const of = series([1000, 1000, 5, 5, 5, 5], { historySeconds: 2 })
    const times = drawn(of, 3).map(({ at }) => at)
    expect(times.length).toBeLessThan(50)
    expect(Math.min(...times)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...times)).toBeLessThan(3)
    expect([...times].sort((a, b) => a - b)).toEqual(times)
  })

  test('rates that end before the run leave the rest empty', () => {
    expect(drawn(series([0, 0]), 100)).toEqual([])
    expect(drawn(series([50, 50]), 100).every(({ at }) => at < 2)).toBe(true)
  })
})

describe('the variation of the gaps', () => {
  const steady = new Array<number>(4000).fill(50)

  test.each([
    { gapCv: 1, expected: 1 },
    { gapCv: 2, expected: 4 },
    { gapCv: 0.5, expected: 0.25 },
  ])('$gapCv makes counts with dispersion $expected and keeps the mean', ({ gapCv, expected }) => {
    const counts = countsPerSecond(series(steady, { gapCv }))
    expect(mean(counts) / 50).toBeCloseTo(1, 1)
    expect(dispersion(counts) / expected).toBeGreaterThan(0.9)
    expect(dispersion(counts) / expected).toBeLessThan(1.1)
  })

  test('0 makes equal gaps', () => {
    const times = drawn(series([4, 4], { gapCv: 0 })).map(({ at }) => at)
    const first = times[0] as number
    expect(times).toEqual(times.map((_, i) => expect.closeTo(first + i / 4, 9)))
  })

  test('the first second is as full as any: the process began long before', () => {
    const firsts = Array.from({ length: 400 }, (_, seed) =>
      drawn(series([20], { gapCv: 3 }), 1, seed),
    )
    expect(mean(firsts.map((requests) => requests.length)) / 20).toBeCloseTo(1, 0.7)
  })
})

describe('items', () => {
  const items = [
    { items: 1, share: 3 },
    { items: 5, share: 1 },
  ]

  test('come in the shares asked for, which need not add up to one', () => {
    expect(meanItems(series([1], { items }))).toBe(2)
    const requests = drawn(series(new Array<number>(100).fill(200), { items }))
    expect(mean(requests.map((request) => request.items))).toBeCloseTo(2, 1)
  })

  test('do not disturb when requests come', () => {
    const plain = drawn(series([100, 100])).map(({ at }) => at)
    expect(drawn(series([100, 100], { items })).map(({ at }) => at)).toEqual(plain)
  })
})
