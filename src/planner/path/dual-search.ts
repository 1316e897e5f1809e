import { type DualRetraining, dualPathOf } from './dual-path.ts'
import { pricesOf, startingPrices } from './dual-prices.ts'
import { type DualProblem, dualProblemOf } from './dual-problem.ts'
import { emptyDualTables, fillDualTables } from './dual-programme.ts'
import type { Region } from './region.ts'
import { subgradientStateOf, subgradientStep } from './subgradient.ts'

/**
 * The most joint states times versions for which the dual keeps tables: 200 slots of 9 bytes each.
 */
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
  const problem = dualProblemOf(region, nodesMax)
  const tables = emptyDualTables(problem)
  const state = subgradientStateOf(startingPrices(problem))
  for (let evaluation = 0; ; evaluation += 1) {
    const prices = pricesOf(problem, state.mu)
    const { bound, first } = fillDualTables(problem, prices, tables)
    const path = dualPathOf(problem, prices, tables, first)
    const { block } = schedule.find((own) => evaluation < own.evaluations) ?? schedule[3]
    const { slotCount } = problem
    subgradientStep(
      state,
      { value: bound, subgradient: path.unused, target: target() },
      { slotCount, block },
    )
    report({ bound: bound + roundingMargin * Math.abs(bound), retraining: path.retraining })
    yield stepsOf(problem)
  }
}

/** Sums of some thousands of doubles are off by less than this share. */
const roundingMargin = 1e-10

/** Relaxations of one evaluation: rewards, additions, drops and completions of every node. */
function stepsOf({ states, versionCount, slotCount }: DualProblem): number {
  return slotCount * versionCount * (3 * states.stateCount + 2 * states.edgeCount)
}
