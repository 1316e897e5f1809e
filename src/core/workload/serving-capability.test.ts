import { expect, test } from 'vitest'
import { latencyAt, servingCapability } from './serving-capability.ts'

const points = [
  { items: 1, latencySeconds: 0.01 },
  { items: 4, latencySeconds: 0.016 },
  { items: 8, latencySeconds: 0.04 },
]
const capable = (sloSeconds: number, of = points) => {
  const result = servingCapability({ points: of, sloSeconds, provenance: 'measured' })
  if (result.kind !== 'capable') throw new Error(`too tight: ${result.sloSecondsMin}`)
  return result.capability
}

test('latency is linear between measured batches', () => {
  expect(latencyAt(points, 1)).toBe(0.01)
  expect(latencyAt(points, 2)).toBeCloseTo(0.012, 12)
  expect(latencyAt(points, 6)).toBeCloseTo(0.028, 12)
  expect(latencyAt(points, 8)).toBe(0.04)
})

test('the batch limit has the best throughput, not the largest size that fits', () => {
  const { itemsMax, capacityItemsPerSecond, latencySeconds } = capable(1)
  expect(itemsMax).toBe(4)
  expect(capacityItemsPerSecond).toBeCloseTo(250, 9)
  expect(latencySeconds).toHaveLength(5)
})

test('two executions of a batch fit into the SLO', () => {
  expect(capable(0.032).itemsMax).toBe(4)
  expect(capable(0.031).itemsMax).toBe(3)
  expect(capable(0.02).itemsMax).toBe(1)
})

test('an SLO too tight for two executions still takes one item within nine tenths of it', () => {
  expect(capable(0.0112).itemsMax).toBe(1)
  const result = servingCapability({ points, sloSeconds: 0.011, provenance: 'measured' })
  expect(result.kind).toBe('slo-too-tight')
})

test('the nearest feasible SLO is feasible, and a thousandth less is not', () => {
  for (const of of [
    points,
    [
      { items: 1, latencySeconds: 0.01 },
      { items: 2, latencySeconds: 0.004 },
    ],
  ]) {
    const tight = servingCapability({ points: of, sloSeconds: 0.001, provenance: 'measured' })
    if (tight.kind === 'capable') throw new Error('1 ms is too tight')
    const at = (factor: number) =>
      servingCapability({ points: of, sloSeconds: tight.sloSecondsMin * factor, provenance: 'own' })
    expect(at(1 + 1e-9).kind).toBe('capable')
    expect(at(0.999).kind).toBe('slo-too-tight')
  }
})

test('fewer items than the smallest measured batch take as long as that batch', () => {
  const { latencySeconds } = capable(1, [{ items: 4, latencySeconds: 0.02 }])
  expect(latencySeconds).toEqual([0, 0.02, 0.02, 0.02, 0.02])
})
