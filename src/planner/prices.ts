import { must } from '../base/assert.ts'
import type { ClassHoldings } from './class-space.ts'
import type { Grid } from './grid.ts'

/** What holding one instance of a class costs in a slot: [class][slot], none negative. */
export type Prices = readonly Float64Array[]

/** The coarse program's duals as prices: a step's price is spread evenly over its slots. */
export function pricesOf(grid: Grid, { room }: ClassHoldings, duals: Float64Array): Prices {
  return room.map((rows) => {
    const prices = new Float64Array(grid.problem.slotCount)
    for (let step = 0; step < grid.stepCount; step += 1) {
      const [from, until] = [must(grid.edges[step]), must(grid.edges[step + 1])]
      const dual = duals[must(rows[step])] ?? 0
      prices.fill(Math.max(0, dual) / (until - from), from, until)
    }
    return prices
  })
}
