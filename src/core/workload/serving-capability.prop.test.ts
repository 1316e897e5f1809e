import fc from 'fast-check'
import { expect, test } from 'vitest'
import { servingCapability } from './serving-capability.ts'

const batchPoints = fc
  .uniqueArray(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 6 })
  .chain((sizes) =>
    fc
      .array(fc.double({ min: 0.001, max: 2, noNaN: true }), {
        minLength: sizes.length,
        maxLength: sizes.length,
      })
      .map((latencies) =>
        [...sizes]
          .sort((a, b) => a - b)
          .map((items, i) => ({ items, latencySeconds: latencies[i] as number })),
      ),
  )
const slo = fc.double({ min: 0.0005, max: 5, noNaN: true })

test('no safe batch has a better throughput, and a looser SLO never serves less', () => {
  fc.assert(
    fc.property(
      batchPoints,
      slo,
      fc.double({ min: 1, max: 10, noNaN: true }),
      (points, s, more) => {
        const result = servingCapability({ points, sloSeconds: s, provenance: 'measured' })
        const looser = servingCapability({ points, sloSeconds: s * more, provenance: 'measured' })
        if (result.kind !== 'capable') {
          expect(result.sloSecondsMin).toBeGreaterThan(s)
          return
        }
        const { itemsMax, latencySeconds, capacityItemsPerSecond } = result.capability
        const latency = latencySeconds[itemsMax] as number
        expect(latencySeconds).toHaveLength(itemsMax + 1)
        expect(latency).toBeLessThanOrEqual(s)
        expect(capacityItemsPerSecond).toBeCloseTo(itemsMax / latency, 9)
        for (const point of points.filter(({ latencySeconds: l }) => 2 * l <= s)) {
          const throughput = point.items / point.latencySeconds
          expect(capacityItemsPerSecond).toBeGreaterThanOrEqual(throughput * (1 - 1e-12))
        }
        if (looser.kind !== 'capable') throw new Error('A looser SLO is feasible too')
        if (2 * latency <= s) {
          expect(looser.capability.capacityItemsPerSecond).toBeGreaterThanOrEqual(
            capacityItemsPerSecond * (1 - 1e-12),
          )
        }
      },
    ),
  )
})
