import { must } from '../../base/assert.ts'
import { Rng } from '../../base/rng.ts'
import {
  type ChoiceSearch,
  choiceSearchOf,
  consider,
  considerGuess,
  descend,
  descendOn,
  type Found,
  improve,
} from './choice-search.ts'
import { startingPrices } from './dual-prices.ts'
import { type DualProblem, dualLevelsOf, dualProblemOf } from './dual-problem.ts'
import { type DualLevels, type DualReport, tighten } from './dual-search.ts'
import { keepLayout } from './first-solutions.ts'
import { hasFloors, startingFloorPrices, steppedFloorPrices } from './floors.ts'
import {
  type Incumbent,
  incumbentOf,
  offer,
  offerBound,
  type Progress,
  totalOf,
} from './progress.ts'
import { type Region, regionOf } from './region.ts'
import type { WindowModel } from './window-model.ts'
import { slotSteps, type Work, waiting } from './work.ts'

/** States times versions that the first dual may have: a double for each in every slot. */
const dualNodesMax = 8_000

/**
 * Up to this many states all tenants of one GPU are planned together, by places or else by counts:
 * three and five tenants on an A100.
 */
const placedMax = 6000
const countedMax = 5000

/**
 * The whole problem as one region, if it has one GPU and few enough tenants: with states told apart
 * by counts, and, where instances that run or blocked placements may be in the way, also by places.
 */
export type WholeRegion = {
  readonly counted: Region
  /** Built when it is first asked for; null where there would be too many states. */
  readonly placed: () => Work<Region | null>
}

export function* wholeRegionOf(model: WindowModel): Work<WholeRegion | null> {
  const gpu = model.gpus.length === 1 ? must(model.gpus[0]) : null
  const tenants = model.tenants.map(({ index }) => index)
  const counted = gpu?.countedStates(tenants, countedMax) ?? null
  if (gpu === null || counted === null || tenants.length === 0) return null
  yield counted.edgeCount * stepsPerEdge
  const none = model.problem.classes.map(() => 0)
  const nothing = Array.from({ length: model.slotCount }, () => none)
  const elsewhere = () => nothing
  const parts = { tenants, fixed: [], elsewhere, floorPrices: startingFloorPrices(model) }
  const isInTheWay = !gpu.start.isFree || must(model.problem.gpus[0]).blocked.length > 0
  let placed: Region | null | undefined
  return {
    counted: yield* regionOf(model, gpu, { ...parts, states: counted }),
    *placed() {
      if (placed !== undefined) return placed
      const states = isInTheWay ? yield* gpu.placedStates(tenants, placedMax) : null
      const region = states && (yield* regionOf(model, gpu, { ...parts, states }))
      placed ??= region
      return placed
    },
  }
}

/** Making an edge of the states costs about as much as so many relaxations. */
const stepsPerEdge = 50

/** Plans and bounds by turns, with equal work. */
export function* searchWholeRegion(progress: Progress, whole: WholeRegion): Work {
  const region = whole.counted
  const levels = levelsOf(whole, region.floorPrices)
  const coarsest = yield* must(levels[0])()
  const hints: Hints = { suggestions: [], guide: { mu: startingPrices(coarsest) } }
  const target = () => (progress.found === null ? 0 : totalOf(progress.found.value))
  const takeBound = ({ bound, retraining, mu }: DualReport): void => {
    hints.guide.mu = mu
    hints.suggestions.push(retraining.map((own) => own && { ...own, gpu: region.gpu.gpu }))
    offerBound(progress, bound)
  }
  if (!hasFloors(region.model)) {
    const search = searchOf(progress, region, hints)
    yield* consider(search, keepLayout(region.model).choices)
    yield* byTurns(primal(progress, search, whole), tighten(levels, target, takeBound))
    return
  }
  const priced = yield* pricedFloors(progress, region, hints)
  yield* byTurns(
    primalWithFloors(progress, priced, hints),
    tighten(levelsOf(whole, priced.floorPrices), target, takeBound),
  )
}

/** Duals from coarse to fine: by counts with versions merged, by counts, and by places. */
function levelsOf(whole: WholeRegion, floorPrices: readonly number[]): DualLevels {
  const counted = dualLevelsOf({ ...whole.counted, floorPrices }, dualNodesMax)
  function* finest(): Work<DualProblem> {
    const placed = yield* whole.placed()
    const details = whole.counted.tenants.map(() => 'full' as const)
    return placed === null
      ? must(counted.at(-1))
      : dualProblemOf({ ...placed, floorPrices }, details)
  }
  function* ready(problem: DualProblem): Work<DualProblem> {
    yield slotSteps
    return problem
  }
  return [...counted.map((problem) => () => ready(problem)), finest]
}

type Hints = Pick<ChoiceSearch, 'suggestions' | 'guide'>

function searchOf(progress: Progress, region: Region, hints: Hints): ChoiceSearch {
  const report = ({ choices, placed }: Found) => offer(progress, { choices, holds: [placed.holds] })
  return choiceSearchOf(region, report, hints)
}

/**
 * Goes on from the first choices, which were considered already: down to where no single change
 * helps, first by counts, then by places, and from there on as long as there is something to try.
 */
function* primal(progress: Progress, counted: ChoiceSearch, whole: WholeRegion): Work {
  const first = keepLayout(counted.region.model).choices
  const none = first.map(() => null)
  yield* considerGuess(counted)
  yield* improve(counted)
  if (first.some((choice) => choice !== null)) yield* descend(counted, none)
  const placed = yield* whole.placed()
  const search = placed === null ? counted : searchOf(progress, placed, counted)
  if (search !== counted) yield* descend(search, counted.best?.choices ?? none)
  yield* descendOn(search, new Rng(0, 'path planner'))
}

/**
 * Raises the prices of floors that are missed until a plan keeps them all, or for a while. Nobody
 * retrains meanwhile: that only takes room.
 */
function* pricedFloors(progress: Progress, region: Region, hints: Hints): Work<Region> {
  const none = region.model.tenants.map(() => null)
  let priced = region
  for (let round = 0; round < floorRoundsMax && progress.found === null; round += 1) {
    const search = searchOf(progress, priced, hints)
    yield* consider(search, none)
    priced = withSteppedFloors(priced, bestOf(progress, search), 2)
  }
  return priced
}

const floorRoundsMax = 24

/** Descends under prices that swing, less and less, round those that just keep the floors. */
function* primalWithFloors(progress: Progress, region: Region, hints: Hints): Work {
  const first = keepLayout(region.model).choices
  let priced = region
  let fruitless = 0
  for (let round = 0; fruitless < floorRoundsMax; round += 1) {
    const before = progress.found
    const search = searchOf(progress, priced, hints)
    yield* descend(search, before?.solution.choices ?? first)
    const factor = 1 + 0.5 / (1 + round / 4)
    priced = withSteppedFloors(priced, bestOf(progress, search), factor)
    fruitless = progress.found === before ? fruitless + 1 : 0
    yield 1000
  }
}

/** The plan that a search came to. */
function bestOf(progress: Progress, { best }: ChoiceSearch): Incumbent | null {
  if (best === null) return null
  return incumbentOf(progress, { choices: best.choices, holds: [best.placed.holds] })
}

function withSteppedFloors(region: Region, plan: Incumbent | null, factor: number): Region {
  if (plan === null) return region
  const { model, floorPrices } = region
  return { ...region, floorPrices: steppedFloorPrices(model, floorPrices, plan.value, factor) }
}

/**
 * Advances the one that has done less work so far, until both are done. Who waits passes the turn,
 * and is left alone once the other is done.
 */
function* byTurns(a: Work, b: Work): Work {
  let ahead = 0
  let isADone = false
  let isBDone = false
  while (!isADone || !isBDone) {
    const isATurn: boolean = !isADone && (isBDone || ahead <= 0)
    const next: IteratorResult<number, void> = isATurn ? a.next() : b.next()
    if (next.done === true) {
      if (isATurn) isADone = true
      else isBDone = true
    } else if (next.value === waiting) {
      if (isADone || isBDone) return
      ahead = 0
    } else {
      ahead += isATurn ? next.value : -next.value
      yield next.value
    }
  }
}
