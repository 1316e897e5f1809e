import { must } from '../../base/assert.ts'
import type { DualProblem } from './dual-problem.ts'
import { floorOf } from './window-tenant.ts'

/** What the floors' answers are worth at their prices: design 003, equation (11). */
export function floorsWorth({ tenants }: DualProblem): number {
  return tenants.reduce((sum, { floorPrice, tenant }) => sum + floorPrice * floorOf(tenant), 0)
}

/**
 * A step of the floors' prices by Polyak's length: down where the path answers more than the floor
 * asks for, else up. `gap` is the bound less what is known to be attainable.
 */
export function withFloorStep(
  problem: DualProblem,
  answered: Float64Array,
  gap: number,
): DualProblem {
  const { tenants } = problem
  const slopes = tenants.map(({ tenant, floorPrice }, i) => {
    const slope = floorOf(tenant) === 0 ? 0 : (answered[i] as number) - floorOf(tenant)
    return floorPrice === 0 && slope > 0 ? 0 : slope
  })
  const norm = slopes.reduce((sum, slope) => sum + slope * slope, 0)
  if (norm === 0 || gap <= 0) return problem
  return {
    ...problem,
    tenants: tenants.map((tenant, i) => {
      const floorPrice = Math.max(0, tenant.floorPrice - (gap / norm) * must(slopes[i]))
      return { ...tenant, floorPrice }
    }),
  }
}

/** The same problem with the floors' prices of another. */
export function withFloorPrices(problem: DualProblem, other: DualProblem): DualProblem {
  return {
    ...problem,
    tenants: problem.tenants.map((tenant, i) => {
      return { ...tenant, floorPrice: must(other.tenants[i]).floorPrice }
    }),
  }
}
