import { type DualPath, type DualRetraining, dualPathOf } from './dual-path.ts'
import { pricesOf, startingPrices } from './dual-prices.ts'
import { type DualProblem, dualProblemOf } from './dual-problem.ts'
import { emptyDualTables, fillDualTables } from './dual-programme.ts'
import type { Region } from './region.ts'
import { subgradientStateOf, subgradientStep } from './subgradient.ts'
import { floorOf } from './window-tenant.ts'

/** The most joint states times versions that the dual keeps tables for: 9 bytes in each slot. */
const nodesMax = 60_000

/** Blocks of slots with one price, and after how many evaluations the next, finer ones begin. */
const schedule = [
  { block: 8, evaluations: 12 },
  { block: 4, evaluations: 30 },
  { block: 2, evaluations: 60 },
  { block: 1, evaluations: Number.POSITIVE_INFINITY },
] as const

export type DualReport = {
  /** A bound on J + T of every plan. */
  readonly bound: number
  /** What the relaxed path retrains, per tenant of the region: often a good choice. */
  readonly retraining: readonly (DualRetraining | null)[]
  /** The prices of the tenants' floors (design 003, equation 11). */
  readonly floorPrices: readonly number[]
}

/**
 * Tightens the bound of design 003 evaluation by evaluation, for ever. `target` gives the best J +
 * T found so far; `report` is called after each evaluation; yields the steps taken.
 */
export function* tighten(
  region: Region,
  target: () => number,
  report: (found: DualReport) => void,
): Generator<number, void, void> {
  let problem = dualProblemOf(region, nodesMax)
  const tables = emptyDualTables(problem)
  const state = subgradientStateOf(startingPrices(problem))
  const { slotCount } = problem
  for (let evaluation = 0; ; evaluation += 1) {
    const prices = pricesOf(problem, state.mu)
    const filled = fillDualTables(problem, prices, tables)
    const path = dualPathOf(problem, prices, tables, filled.first)
    const floors = floorsWorth(problem)
    const bound = filled.bound - floors + roundingMargin * Math.abs(filled.bound)
    const floorPrices = problem.tenants.map(({ floorPrice }) => floorPrice)
    report({ bound, retraining: path.retraining, floorPrices })
    const { block } = schedule.find((own) => evaluation < own.evaluations) ?? schedule[3]
    const own = { value: filled.bound, subgradient: path.unused, target: target() + floors }
    if (evaluation % 2 === 1 && floors > 0) problem = withFloorStep(problem, path, own)
    else subgradientStep(state, own, { slotCount, block })
    yield stepsOf(problem)
  }
}

/** Sums of some thousands of doubles are off by less than this share. */
const roundingMargin = 1e-10

/** What the floors' answers are worth at their prices. */
function floorsWorth({ tenants }: DualProblem): number {
  return tenants.reduce((sum, { floorPrice, tenant }) => sum + floorPrice * floorOf(tenant), 0)
}

/** A step of the floors' prices: down where the path answers more than the floor, else up. */
function withFloorStep(
  problem: DualProblem,
  { answered }: DualPath,
  { value, target }: { readonly value: number; readonly target: number },
): DualProblem {
  const { tenants } = problem
  const slopes = tenants.map(({ tenant, floorPrice }, i) => {
    const slope = floorOf(tenant) === 0 ? 0 : (answered[i] as number) - floorOf(tenant)
    return floorPrice === 0 && slope > 0 ? 0 : slope
  })
  const norm = slopes.reduce((sum, slope) => sum + slope * slope, 0)
  if (norm === 0) return problem
  const step = Math.max(0, value - target) / norm
  return {
    ...problem,
    tenants: tenants.map((tenant, i) => {
      const floorPrice = Math.max(0, tenant.floorPrice - step * (slopes[i] as number))
      return { ...tenant, floorPrice }
    }),
  }
}

/** Relaxations of one evaluation: rewards, additions, drops and completions of every node. */
function stepsOf({ states, versionCount, slotCount }: DualProblem): number {
  return slotCount * versionCount * (3 * states.stateCount + 2 * states.edgeCount)
}
