import { must } from '../../base/assert.ts'
import type { PlanValue } from '../../core/plan/value.ts'
import type { WindowModel } from './window-model.ts'
import { floorOf } from './window-tenant.ts'

/**
 * Floors on SLO attainment (design 001, line 7) are priced: an answer in time of a tenant with a
 * floor is worth nu more, for some nu >= 0. For every nu, J + T plus the sum of nu times (answers
 * less the floor) is at least J + T for plans that keep the floors, so that bounds stay bounds
 * (design 003, equation 11).
 */
export function startingFloorPrices({ tenants }: WindowModel): readonly number[] {
  return tenants.map(() => 0)
}

export function hasFloors({ tenants }: WindowModel): boolean {
  return tenants.some((tenant) => floorOf(tenant) > 0)
}

/**
 * Prices after a plan: of floors that it misses `factor` times as much, of those it more than keeps
 * as much less. A first price is a quarter of what an answer is worth to anybody.
 */
export function steppedFloorPrices(
  { tenants }: WindowModel,
  prices: readonly number[],
  value: PlanValue,
  factor: number,
): readonly number[] {
  const usual = Math.max(...tenants.map(({ tenant }) => tenant.valuePerAnswer))
  return tenants.map(({ tenant, index }) => {
    const price = must(prices[index])
    const reached = must(value.tenants[index]).sloAttainment ?? 1
    if (reached >= (tenant.sloAttainmentMin ?? 0) - 1e-9) return price / factor
    return price === 0 ? Math.max(usual / 4, 1e-9) : factor * price
  })
}
