import { expect, test } from 'vitest'
import type { ServiceTable } from '../core/workload/service-table.ts'
import { ServiceSpeed, scaledService } from './service-speed.ts'

const table: ServiceTable = {
  classCount: 2,
  loads: [0, 1],
  sets: [
    { counts: [1, 0], capacityRps: 100, inTimeShare: [1, 0.5] },
    { counts: [0, 1], capacityRps: 300, inTimeShare: [1, 0.6] },
    { counts: [1, 1], capacityRps: 400, inTimeShare: [1, 0.7] },
  ],
}

test('nothing is known of a class that was never used, and the profile holds', () => {
  const speed = new ServiceSpeed(1, 2)
  expect(speed.factorsOf(0)).toEqual([1, 1])
  expect(scaledService(table, [1, 1])).toBe(table)
})

test('a factor approaches what batches take, the more of them were seen', () => {
  const speed = new ServiceSpeed(2, 2)
  speed.add(0, 1, { estimatedSeconds: 0.25, executedSeconds: 0.3 })
  const [, early] = speed.factorsOf(0)
  expect(early).toBeGreaterThan(1.05)
  expect(early).toBeLessThan(1.15)
  for (let i = 0; i < 100; i += 1) speed.add(0, 1, { estimatedSeconds: 1, executedSeconds: 1.2 })
  expect(speed.factorsOf(0)[1]).toBeCloseTo(1.2, 2)
  expect(speed.factorsOf(1)).toEqual([1, 1])
})

test('slower batches are less capacity, in sets as in single instances', () => {
  const { sets } = scaledService(table, [1.25, 0.75])
  expect(sets.map(({ capacityRps }) => capacityRps)).toEqual([80, 400, 480])
  expect(sets.map(({ inTimeShare }) => inTimeShare)).toEqual(
    table.sets.map(({ inTimeShare }) => inTimeShare),
  )
})
