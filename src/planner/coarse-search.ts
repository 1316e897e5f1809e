import { branchAndBound, type SearchSettings } from './branch-and-bound.ts'
import type { ClassHoldings } from './class-space.ts'
import { requestsOf } from './decode-counts.ts'
import { type FormulationOptions, formulate } from './formulation.ts'
import type { Grid } from './grid.ts'
import { placeRequests } from './place-requests.ts'
import { type Prices, pricesOf } from './prices.ts'
import type { Job } from './schedule.ts'
import { isSolved, type Solver } from './solver.ts'

/** Schedules that the coarse program proposes, placed; the best by its own measure last. */
export type CoarseSearch = {
  readonly schedules: readonly (readonly Job[])[]
  /** What its relaxation says that room is worth; null if it was not solved. */
  readonly prices: Prices | null
  /** LP iterations. */
  readonly iterations: number
  /** Steps of placing. */
  readonly placingSteps: number
}

/** Steps that placing one solution may take before it goes on without going back. */
const placingStepsMax = 1_000

/**
 * Solves the coarse integer program of counts and gives its incumbents places. With floors that it
 * finds contradictory it is solved again for the nearest to them.
 */
export function searchCoarse(
  grid: Grid,
  solver: Solver,
  settings: SearchSettings & { readonly schedulesMax: number },
): CoarseSearch {
  const first = searchOnce(grid, solver, { ...settings, level: 'counts' })
  const hasFloors = grid.tenants.some(({ tenant }) => tenant.sloAttainmentMin !== null)
  if (first.schedules.length > 0 || !hasFloors) return first
  const workMax = settings.workMax - first.iterations
  const options = { ...settings, workMax, level: 'counts', hasElasticFloors: true } as const
  const second = searchOnce(grid, solver, options)
  return { ...second, iterations: first.iterations + second.iterations }
}

function searchOnce(
  grid: Grid,
  solver: Solver,
  options: SearchSettings & FormulationOptions & { readonly schedulesMax: number },
): CoarseSearch {
  const formulation = formulate(grid, options)
  const found = branchAndBound(formulation.model, solver, options)
  const { incumbents, rootDuals, solution } = found
  const chosen = isSolved(solution) ? incumbents.slice(-options.schedulesMax) : []
  const holdings = formulation.holdings as ClassHoldings
  const placed = chosen.map((values) =>
    placeRequests(grid, requestsOf(formulation, holdings, values), placingStepsMax),
  )
  return {
    schedules: placed.map(({ jobs }) => jobs),
    prices: rootDuals === null ? null : pricesOf(grid, holdings, rootDuals),
    iterations: solution.iterations,
    placingSteps: placed.reduce((sum, { steps }) => sum + steps, 0),
  }
}
