import type { Grid } from './grid.ts'
import type { Prices } from './prices.ts'
import { layoutChoices } from './reduce.ts'
import { servingSets } from './serving-sets.ts'
import { tenantBound } from './tenant-bound.ts'

/** More sets than this take too long; only several GPUs have as many. */
const setCountMax = 1_500

/**
 * An upper bound on J + T of every legal plan of the problem, at its own slots, for any prices: the
 * Lagrangian of the room that tenants share (docs/designs/002-ilp.md, "What the bound bounds"). A
 * plan pays for what it holds at most what the dearest layouts cost; what is left is what each
 * tenant could gain alone at these prices. Null where it would take too long.
 */
export function priceBound(grid: Grid, prices: Prices): number | null {
  const { problem } = grid
  let bound = dearestLayouts(grid, prices)
  for (const gridTenant of grid.tenants) {
    const { tenant, states } = gridTenant
    const all = { tolerance: 0, setCountMax: setCountMax + 1, states }
    const sets = servingSets(problem, tenant, all)
    if (sets.length > setCountMax) return null
    bound += tenantBound(grid, gridTenant, { prices, sets })
  }
  return bound
}

/** What the layouts that cost most in each slot cost together. */
function dearestLayouts({ problem }: Grid, prices: Prices): number {
  let rent = 0
  for (const gpu of problem.gpus.keys()) {
    const choices = layoutChoices(problem, gpu, [])
    for (let slot = 0; slot < problem.slotCount; slot += 1) {
      let dearest = 0
      for (const { counts } of choices) {
        let cost = 0
        for (const [k, count] of counts.entries()) {
          cost += count * ((prices[k] as Float64Array)[slot] as number)
        }
        dearest = Math.max(dearest, cost)
      }
      rent += dearest
    }
  }
  return rent
}
