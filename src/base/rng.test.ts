import { expect, test } from 'vitest'
import { Rng } from './rng.ts'

const draws = 200_000

function moments(draw: () => number): { mean: number; variance: number } {
  let sum = 0
  let squares = 0
  for (let i = 0; i < draws; i += 1) {
    const value = draw()
    sum += value
    squares += value * value
  }
  const mean = sum / draws
  return { mean, variance: squares / draws - mean * mean }
}

test('the same seed gives the same numbers, another seed others', () => {
  const take = (seed: number) => Array.from({ length: 5 }, () => new Rng(seed).nextUint32())
  expect(take(3)).toEqual(take(3))
  expect(take(3)).not.toEqual(take(4))
})

test('a split generator does not depend on what its parent drew before', () => {
  const used = new Rng(1)
  used.uniform()
  expect(used.split('arrivals').nextUint32()).toBe(new Rng(1).split('arrivals').nextUint32())
  expect(new Rng(1).split('a').nextUint32()).not.toBe(new Rng(1).split('b').nextUint32())
})

test('uniform, exponential, normal and gamma have their means and variances', () => {
  const rng = new Rng(11)
  const cases = [
    { draw: () => rng.uniform(), mean: 1 / 2, variance: 1 / 12 },
    { draw: () => rng.exponential(), mean: 1, variance: 1 },
    { draw: () => rng.normal(), mean: 0, variance: 1 },
    { draw: () => rng.gamma(0.5), mean: 0.5, variance: 0.5 },
    { draw: () => rng.gamma(7), mean: 7, variance: 7 },
  ]
  for (const { draw, mean, variance } of cases) {
    const seen = moments(draw)
    expect(Math.abs(seen.mean - mean)).toBeLessThan((5 * Math.sqrt(variance)) / Math.sqrt(draws))
    expect(Math.abs(seen.variance / variance - 1)).toBeLessThan(0.03)
  }
})

test('Poisson counts have mean and variance equal, for small and for large means', () => {
  const rng = new Rng(5)
  for (const mean of [0.3, 4, 29, 75, 400]) {
    const seen = moments(() => rng.poisson(mean))
    expect(Math.abs(seen.mean / mean - 1)).toBeLessThan(0.01)
    expect(Math.abs(seen.variance / mean - 1)).toBeLessThan(0.03)
  }
  expect(rng.poisson(0)).toBe(0)
})
