import { describe, expect, test } from 'vitest'
import { Rng } from '../../base/rng.ts'
import { curveFor, inTimeRps, inTimeRpsOf, type ServiceTable } from './service-table.ts'

/** Two classes: 100 rps and 250 rps. One instance queues, two of the first queue less. */
const table: ServiceTable = {
  classCount: 2,
  loads: [0, 0.5, 1, 2],
  sets: [
    { counts: [1, 0], capacityRps: 100, inTimeShare: [1, 1, 0.8, 0.5] },
    { counts: [0, 1], capacityRps: 250, inTimeShare: [1, 1, 0.9, 0.5] },
    { counts: [2, 0], capacityRps: 200, inTimeShare: [1, 1, 0.9, 0.5] },
  ],
}

describe('under Poisson arrivals', () => {
  test('at the loads of the grid the answer is the measured share', () => {
    expect(inTimeRps(table, [1, 0], 50, 1)).toBeCloseTo(50, 12)
    expect(inTimeRps(table, [1, 0], 100, 1)).toBeCloseTo(80, 12)
    expect(inTimeRps(table, [0, 1], 250, 1)).toBeCloseTo(225, 12)
  })

  test('between them the rate of answers is linear, beyond the last it stays', () => {
    expect(inTimeRps(table, [1, 0], 75, 1)).toBeCloseTo(65, 12)
    expect(inTimeRps(table, [1, 0], 150, 1)).toBeCloseTo(90, 12)
    expect(inTimeRps(table, [1, 0], 1e6, 1)).toBeCloseTo(100, 9)
  })

  test('no arrivals or no instance, no answers', () => {
    expect(inTimeRps(table, [1, 0], 0, 3)).toBe(0)
    expect(inTimeRps(table, [0, 0], 100, 1)).toBe(0)
    expect(curveFor(table, [0, 0])).toBeNull()
  })

  test('a grid that does not begin at zero takes the first share below it', () => {
    const sets = [{ counts: [1], capacityRps: 10, inTimeShare: [0.9, 0.5] }]
    expect(inTimeRps({ classCount: 1, loads: [0.5, 1], sets }, [1], 2, 1)).toBeCloseTo(1.8, 12)
  })
})

describe('under arrivals more dispersed than that', () => {
  /** By drawing rates: the mean of the Poisson answers over a lognormal rate. */
  function mixed(counts: readonly number[], meanRps: number, dispersion: number): number {
    const rng = new Rng(3)
    const variance = Math.log1p((dispersion - 1) / meanRps)
    const draws = 200_000
    let sum = 0
    for (let i = 0; i < draws; i += 1) {
      const rate = meanRps * Math.exp(Math.sqrt(variance) * rng.normal() - variance / 2)
      sum += inTimeRps(table, counts, rate, 1)
    }
    return sum / draws
  }

  test.each([
    { meanRps: 60, dispersion: 2 },
    { meanRps: 100, dispersion: 5 },
    { meanRps: 100, dispersion: 40 },
    { meanRps: 180, dispersion: 10 },
    { meanRps: 8, dispersion: 6 },
  ])('answers are the mean over a lognormal rate: $meanRps rps, $dispersion', (at) => {
    const exact = mixed([1, 0], at.meanRps, at.dispersion)
    expect(inTimeRps(table, [1, 0], at.meanRps, at.dispersion) / exact).toBeCloseTo(1, 2)
  })

  test('dispersion costs answers, and a hair of it nearly none', () => {
    const rates = [1, 1.001, 1.5, 3, 10].map((dispersion) =>
      inTimeRps(table, [1, 0], 90, dispersion),
    )
    expect([...rates].sort((a, b) => b - a)).toEqual(rates)
    expect((rates[1] as number) / (rates[0] as number)).toBeCloseTo(1, 3)
  })

  test('what the table was measured with already is not counted again', () => {
    const clumped = { ...table, dispersion: 4 }
    expect(inTimeRps(clumped, [1, 0], 90, 4)).toBe(inTimeRps(table, [1, 0], 90, 1))
    expect(inTimeRps(clumped, [1, 0], 90, 6)).toBe(inTimeRps(table, [1, 0], 90, 3))
  })
})

describe('a set that no single GPU holds', () => {
  test('has the capacity of its parts, and queues less than the largest tabled set inside', () => {
    const pool = curveFor(table, [4, 0])
    expect(pool?.capacityRps).toBe(400)
    const base = curveFor(table, [2, 0])
    for (const load of [0.6, 0.8, 1, 1.2]) {
      const share = (of: typeof pool) => inTimeRpsOf(table, of, load * (of?.capacityRps ?? 0), 1)
      expect(share(pool) / 400).toBeGreaterThan(share(base) / 200)
      expect(share(pool)).toBeLessThanOrEqual(400 * Math.min(load, 1))
    }
  })

  test('twice the pool has its losses at saturation divided by the root of two', () => {
    const lost = (counts: readonly number[], capacityRps: number) =>
      1 - inTimeRps(table, counts, capacityRps, 1) / capacityRps
    expect(lost([4, 0], 400)).toBeCloseTo(lost([2, 0], 200) / Math.SQRT2, 12)
  })

  test('counts on classes that cannot serve add nothing', () => {
    const sets = table.sets.slice(0, 1)
    const oneClass: ServiceTable = { ...table, sets }
    expect(inTimeRps(oneClass, [1, 3], 100, 1)).toBeCloseTo(80, 12)
    expect(inTimeRps(oneClass, [0, 3], 100, 1)).toBe(0)
  })

  test('a set is looked up by its counts, not by the sum of them or their place', () => {
    const many = Array.from({ length: 12 }, (_, k) => (k === 11 ? 1 : 0))
    const last: ServiceTable = {
      classCount: 12,
      loads: [0, 1],
      sets: [{ counts: many, capacityRps: 7, inTimeShare: [1, 1] }],
    }
    expect(curveFor(last, many)?.capacityRps).toBe(7)
    expect(curveFor(last, [...many].reverse())).toBeNull()
    const large = many.map((n) => 40 * n)
    expect(curveFor(last, large)?.capacityRps).toBe(280)
    expect(curveFor(last, large)?.capacityRps).toBe(280)
  })
})
