import { must } from '../../base/assert.ts'
import { eliminated } from './dual-elimination.ts'
import { allLayers, type DualLayers, nodeCount } from './dual-layer.ts'
import { type DualPath, type DualRetraining, dualPathOf } from './dual-path.ts'
import { pricesOf, startingPrices } from './dual-prices.ts'
import type { DualProblem } from './dual-problem.ts'
import { type DualValue, dualValueOf } from './dual-programme.ts'
import { refinedLayers } from './dual-refinement.ts'
import { floorsWorth, withFloorPrices, withFloorStep } from './floor-prices.ts'
import { type SubgradientState, subgradientStateOf, subgradientStep } from './subgradient.ts'
import { floorOf } from './window-tenant.ts'
import { type Work, waiting } from './work.ts'

/** Blocks of slots with one price, and after how many evaluations the next, finer ones begin. */
const schedule = [
  { block: 8, evaluations: 12 },
  { block: 4, evaluations: 30 },
  { block: 2, evaluations: 60 },
  { block: 1, evaluations: Number.POSITIVE_INFINITY },
] as const

/** Nodes of all slots together with which slots may have layers of their own: some 50 MiB. */
const sparseNodesMax = 800_000
/** Nodes of one slot where all slots share their layers. */
const denseNodesMax = 48_000
/** With so few, a finer dual is begun at once. */
const refinedNodesFew = 20_000
/** Evaluations without progress after which a finer dual is tried. */
const patience = 8
const eliminationPause = 4
/** Nodes are ruled out once the gap is below this; before, hardly any would be. */
const eliminationGap = 0.1

export type DualReport = {
  /** A bound on J + T of every plan. */
  readonly bound: number
  /** What the relaxed path retrains, per tenant of the region: often a good choice. */
  readonly retraining: readonly (DualRetraining | null)[]
  /** The prices of the best bound so far. */
  readonly mu: Float64Array
}

/** Duals from coarse to fine, each made when it is first needed. */
export type DualLevels = readonly (() => Work<DualProblem>)[]

/** Where a search for good prices stands. */
type DualRun = {
  readonly levels: DualLevels
  level: number
  problem: DualProblem
  dual: DualLayers
  /** Rows to fill at the next evaluation. */
  spare: readonly Float64Array[] | null
  readonly prices: SubgradientState
  bestBound: number
  /** No path that was ruled out is worth more, floors' prices aside. */
  ruledOut: number
  sinceProgress: number
  sinceElimination: number
}

/**
 * Tightens the bound of design 003 evaluation by evaluation, through ever finer duals of the same
 * region, for ever or until it meets the best plan. `target` gives the best J + T found so far;
 * `report` is called after each evaluation; yields the steps taken.
 */
export function* tighten(
  levels: DualLevels,
  target: () => number,
  report: (found: DualReport) => void,
): Work {
  const run = yield* dualRunOf(levels)
  for (let evaluation = 0; ; evaluation += 1) {
    const { problem, dual } = run
    const prices = pricesOf(problem, run.prices.mu)
    const value = yield* dualValueOf(problem, dual, prices, run.spare)
    if (value.first < 0) {
      report({ bound: run.ruledOut, retraining: [], mu: run.prices.best })
      return
    }
    const path = yield* dualPathOf(problem, dual, value)
    const bound = takeBound(run, value, target())
    report({ bound, retraining: path.retraining, mu: run.prices.best })
    if (isTimeToEliminate(run, bound, target())) yield* eliminate(run, value, target())
    movePrices(run, { evaluation, value, path, target: target() })
    yield* refine(run)
    run.spare = run.dual === dual ? value.toGo : null
    yield* waitIfConverged(run, target)
  }
}

/** Prices that no longer get better rest until there is a better plan to aim at. */
function* waitIfConverged(run: DualRun, target: () => number): Work {
  const isLast = run.level + 1 === run.levels.length
  if (!isLast || run.prices.relaxation > leastRelaxation) return
  const known = target()
  while (target() <= known) yield waiting
  run.prices.relaxation = 4 * leastRelaxation
}

const leastRelaxation = 0.02

function* dualRunOf(levels: DualLevels): Work<DualRun> {
  const problem = yield* must(levels[0])()
  return {
    levels,
    level: 0,
    problem,
    dual: allLayers(problem),
    spare: null,
    prices: subgradientStateOf(startingPrices(problem)),
    bestBound: Number.POSITIVE_INFINITY,
    ruledOut: Number.NEGATIVE_INFINITY,
    sinceProgress: 0,
    sinceElimination: eliminationPause,
  }
}

/** Sums of some thousands of doubles are off by less than this share. */
const roundingMargin = 1e-10

function takeBound(run: DualRun, value: DualValue, target: number): number {
  const own = value.bound + roundingMargin * Math.abs(value.bound) - floorsWorth(run.problem)
  const bound = Math.max(run.ruledOut, own)
  const isProgress = bound < run.bestBound - 0.03 * Math.max(0, run.bestBound - target)
  run.sinceProgress = isProgress ? 0 : run.sinceProgress + 1
  run.sinceElimination += 1
  run.bestBound = Math.min(run.bestBound, bound)
  return bound
}

function isTimeToEliminate(run: DualRun, bound: number, target: number): boolean {
  const isNear = bound - target < eliminationGap * Math.abs(target)
  const isGood = bound <= run.bestBound + 0.2 * (run.bestBound - target)
  return isNear && isGood && run.sinceElimination > eliminationPause
}

function* eliminate(run: DualRun, value: DualValue, target: number): Work {
  const least = target + floorsWorth(run.problem)
  const dual = yield* eliminated(run.problem, run.dual, value, { least, nodesMax: sparseNodesMax })
  run.sinceElimination = 0
  if (dual === null) return
  run.dual = dual
  run.ruledOut = Math.max(run.ruledOut, target)
}

function movePrices(
  run: DualRun,
  seen: {
    readonly evaluation: number
    readonly value: DualValue
    readonly path: DualPath
    readonly target: number
  },
): void {
  const { evaluation, value, path } = seen
  const floors = floorsWorth(run.problem)
  const target = seen.target + floors
  const hasFloors = run.problem.tenants.some(({ tenant }) => floorOf(tenant) > 0)
  if (evaluation % 2 === 1 && hasFloors) {
    run.problem = withFloorStep(run.problem, path.answered, value.bound - target)
    return
  }
  const { block } = schedule.find((own) => evaluation < own.evaluations) ?? schedule[3]
  const { slotCount } = run.problem
  const point = { value: value.bound, subgradient: path.unused, target }
  subgradientStep(run.prices, point, { slotCount, block })
}

/** Goes over to the next finer dual when this one brings no more, or costs next to nothing. */
function* refine(run: DualRun): Work {
  const next = run.levels[run.level + 1]
  if (next === undefined) return
  if (run.sinceProgress < patience && nodeCount(run.dual) > refinedNodesFew) return
  run.sinceProgress = 0
  const finer = yield* next()
  const refined = yield* refinedLayers(run.problem, finer, run.dual, sparseNodesMax)
  const isDense = finer.states.stateCount * finer.versionCount <= denseNodesMax
  const dual = refined ?? (isDense ? allLayers(finer) : null)
  if (dual === null) return
  run.level += 1
  run.dual = dual
  run.problem = withFloorPrices(finer, run.problem)
}
