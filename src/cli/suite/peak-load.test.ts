import { expect, test } from 'vitest'
import { randomRun } from '../../../test/random-run.ts'
import { findPeakLoad } from './peak-load.ts'

/** Bears `limit` times the load. */
function loaded(limit: number, tried: number[]) {
  return (loadScale: number) => {
    tried.push(loadScale)
    const run = randomRun('paris', 1)
    const tenants = run.tenants.map((own) => {
      const arrived = Math.round(1000 * loadScale)
      return { ...own, arrived, inTime: loadScale <= limit ? arrived : 0.9 * arrived }
    })
    return { ...run, tenants }
  }
}

test.each([0.13, 0.8, 1, 1.7, 5])(
  'a peak at %s times the load is found within 3 per cent',
  (limit) => {
    const tried: number[] = []
    const { loadScale } = findPeakLoad(loaded(limit, tried))
    expect(loadScale).toBeLessThanOrEqual(limit)
    expect(loadScale).toBeGreaterThan(limit / 1.035)
    expect(tried.length).toBeLessThanOrEqual(12)
  },
)

test('a load that nobody bears has no peak, and one that all bear is told as far as tried', () => {
  expect(findPeakLoad(loaded(0.01, []))).toMatchObject({ loadScale: null })
  expect(findPeakLoad(loaded(100, []))).toMatchObject({ loadScale: 8, notBorne: null })
})
