import { must } from '../../base/assert.ts'
import { Rng } from '../../base/rng.ts'
import {
  type ChoiceSearch,
  choiceSearchOf,
  consider,
  considerGuess,
  type Found,
  searchOn,
} from './choice-search.ts'
import { startingPrices } from './dual-prices.ts'
import { type DualProblem, dualLevelsOf, dualProblemOf } from './dual-problem.ts'
import { type DualLevels, type DualReport, tighten } from './dual-search.ts'
import { keepLayout } from './first-solutions.ts'
import { hasFloors, startingFloorPrices, steppedFloorPrices } from './floors.ts'
import {
  type Incumbent,
  incumbentOf,
  knownTotal,
  offer,
  offerBound,
  type Progress,
} from './progress.ts'
import { type Region, regionOf } from './region.ts'
import type { WindowModel } from './window-model.ts'
import { byTurns, slotSteps, type Work } from './work.ts'

/** States times versions that the first dual may have: a double for each in every slot. */
const dualNodesMax = 24_000

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
  /** Whether instances that run or blocked placements may be in the way. */
  readonly isInTheWay: boolean
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
    isInTheWay,
    counted: yield* regionOf(model, gpu, { ...parts, states: counted }),
    *placed() {
      if (placed !== undefined) return placed
      const states = yield* gpu.placedStates(tenants, placedMax)
      const region = states && (yield* regionOf(model, gpu, { ...parts, states }))
      placed ??= region
      return placed
    },
  }
}

/** Making an edge of the states costs about as much as so many relaxations. */
const stepsPerEdge = 50

/** Steps for each state by which plans are ahead of bounds: the first ones are for plans. */
const leadPerState = 3e4

/** Plans and bounds by turns, with equal work but for the lead. */
export function* searchWholeRegion(progress: Progress, whole: WholeRegion): Work {
  const region = whole.counted
  const levels = levelsOf(whole, region.floorPrices)
  const coarsest = yield* must(levels[0])()
  const hints: Hints = { suggestions: [], guide: { mu: startingPrices(coarsest) } }
  const target = () => knownTotal(progress)
  const takeBound = ({ bound, retraining, mu }: DualReport): void => {
    hints.guide.mu = mu
    hints.suggestions.push(retraining.map((own) => own && { ...own, gpu: region.gpu.gpu }))
    offerBound(progress, bound)
  }
  if (!hasFloors(region.model)) {
    const search = searchOf(progress, region, hints)
    yield* consider(search, keepLayout(region.model).choices)
    const lead = leadPerState * region.states.stateCount
    yield* byTurns(primal(progress, search, whole), tighten(levels, target, takeBound), lead)
    return
  }
  yield* byTurns(primalWithFloors(progress, region, hints), tighten(levels, target, takeBound))
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

/** Relative to what counts are worth; from then on places are told apart. */
const lossMax = 0.002
/** Rounds of the search by counts, and before it is first seen whether that loses too much. */
const countedRounds = 20
const countedRoundsFew = 8

/**
 * Goes on from the first choices, which were considered already: by counts, or by places where
 * those are in the way, as long as there is something to try.
 */
function* primal(progress: Progress, counted: ChoiceSearch, whole: WholeRegion): Work {
  const rng = new Rng(0, 'path planner')
  const isPlaceable = counted.current !== null
  if (isPlaceable) {
    yield* considerGuess(counted)
    yield* searchOn(counted, rng, countedRoundsFew)
    if (counted.placingLoss <= lossMax) yield* searchOn(counted, rng, countedRounds)
  }
  const needsPlaces = !isPlaceable || whole.isInTheWay || counted.placingLoss > lossMax
  const placed = needsPlaces ? yield* whole.placed() : null
  const search = placed === null ? counted : searchOf(progress, placed, counted)
  if (search !== counted) {
    yield* consider(search, counted.best?.choices ?? keepLayout(counted.region.model).choices)
    yield* considerGuess(search)
  }
  yield* searchOn(search, rng, Number.POSITIVE_INFINITY)
}

/**
 * Searches under prices of the floors' answers that swing, less and less, round those that just
 * keep them: first with serving alone, which soon tells where these are, then with retraining too.
 */
function* primalWithFloors(progress: Progress, region: Region, hints: Hints): Work {
  const rng = new Rng(0, 'path planner')
  const none = region.model.tenants.map(() => null)
  let priced = region
  let fruitless = 0
  for (let round = 0; fruitless < fruitlessMax; round += 1) {
    const before = progress.found
    const search = searchOf(progress, priced, hints)
    const isServing = round < servingRounds
    yield* consider(search, isServing ? none : (before?.solution.choices ?? none))
    if (!isServing) yield* considerGuess(search)
    if (!isServing) yield* searchOn(search, rng, roundsPerPrice)
    const factor = 1 + 2 / (1 + round ** 1.5 / 6)
    priced = withSteppedFloors(priced, bestOf(progress, search), factor)
    fruitless = progress.found === before && !isServing ? fruitless + 1 : 0
    yield 1000
  }
}

const servingRounds = 12
const roundsPerPrice = 6
/** Rounds without a better plan after which there is hardly one to be found. */
const fruitlessMax = 24

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
