import { must } from '../../base/assert.ts'
import { Rng } from '../../base/rng.ts'
import {
  type ChoiceSearch,
  choiceSearchOf,
  consider,
  descend,
  descendForEver,
  type Found,
  improve,
  type Steps,
} from './choice-search.ts'
import { startingPrices } from './dual-prices.ts'
import { type DualProblem, dualLevelsOf, dualProblemOf } from './dual-problem.ts'
import { type DualReport, tighten } from './dual-search.ts'
import { keepLayout } from './first-solutions.ts'
import { hasFloors, startingFloorPrices, steppedFloorPrices, unreachableFloor } from './floors.ts'
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

/** States times versions that the first dual may have: a double for each in every slot. */
const dualNodesMax = 40_000

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
  readonly placed: () => Region | null
}

export function wholeRegionOf(model: WindowModel): WholeRegion | null {
  const gpu = model.gpus.length === 1 ? must(model.gpus[0]) : null
  const tenants = model.tenants.map(({ index }) => index)
  const counted = gpu?.statesOf(tenants, 'counted', countedMax) ?? null
  if (gpu === null || counted === null || tenants.length === 0) return null
  const none = model.problem.classes.map(() => 0)
  const nothing = Array.from({ length: model.slotCount }, () => none)
  const elsewhere = () => nothing
  const parts = { tenants, fixed: [], elsewhere, floorPrices: startingFloorPrices(model) }
  const isInTheWay = !gpu.start.isFree || must(model.problem.gpus[0]).blocked.length > 0
  let placed: Region | null | undefined
  return {
    counted: regionOf(model, gpu, { ...parts, states: counted }),
    placed: () => {
      if (placed !== undefined) return placed
      const states = isInTheWay ? gpu.statesOf(tenants, 'placed', placedMax) : null
      placed = states && regionOf(model, gpu, { ...parts, states })
      return placed
    },
  }
}

/** Plans and bounds by turns, with equal work. */
export function* searchWholeRegion(progress: Progress, whole: WholeRegion): Steps {
  const region = whole.counted
  const levels = levelsOf(whole, region.floorPrices)
  const hints: Hints = { suggestions: [], guide: { mu: startingPrices(must(levels[0])()) } }
  const target = () => (progress.best === null ? 0 : totalOf(progress.best.value))
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
  progress.proof = unreachableFloor(region)
  const priced = yield* pricedFloors(progress, region, hints)
  yield* byTurns(
    primalWithFloors(progress, priced, hints),
    tighten(levelsOf(whole, priced.floorPrices), target, takeBound),
  )
}

/** Duals from coarse to fine: by counts with versions merged, by counts, and by places. */
function levelsOf(
  whole: WholeRegion,
  floorPrices: readonly number[],
): readonly (() => DualProblem)[] {
  const counted = dualLevelsOf({ ...whole.counted, floorPrices }, dualNodesMax)
  const finest = () => {
    const placed = whole.placed()
    const details = whole.counted.tenants.map(() => 'full' as const)
    return placed === null
      ? must(counted.at(-1))
      : dualProblemOf({ ...placed, floorPrices }, details)
  }
  return [...counted.map((problem) => () => problem), finest]
}

type Hints = Pick<ChoiceSearch, 'suggestions' | 'guide'>

function searchOf(progress: Progress, region: Region, hints: Hints): ChoiceSearch {
  const report = ({ choices, placed }: Found) => offer(progress, { choices, holds: [placed.holds] })
  return choiceSearchOf(region, report, hints)
}

/**
 * Goes on from the first choices, which were considered already: down to where no single change
 * helps, first by counts, then by places, and from there on for ever.
 */
function* primal(progress: Progress, counted: ChoiceSearch, whole: WholeRegion): Steps {
  const first = keepLayout(counted.region.model).choices
  const none = first.map(() => null)
  yield* improve(counted)
  if (first.some((choice) => choice !== null)) yield* descend(counted, none)
  const placed = whole.placed()
  yield 1
  const search = placed === null ? counted : searchOf(progress, placed, counted)
  if (search !== counted) yield* descend(search, counted.best?.choices ?? none)
  yield* descendForEver(search, new Rng(0, 'path planner'))
}

/** Raises the prices of floors that are missed until a plan keeps them all, or for a while. */
function* pricedFloors(
  progress: Progress,
  region: Region,
  hints: Hints,
): Generator<number, Region, void> {
  const first = keepLayout(region.model).choices
  let priced = region
  for (let round = 0; round < floorRoundsMax && progress.best === null; round += 1) {
    yield* descend(searchOf(progress, priced, hints), first)
    if (progress.best === null) priced = withSteppedFloors(priced, progress.nearest, 2)
  }
  return priced
}

const floorRoundsMax = 12

/** Descends for ever under prices that swing, less and less, round those that just keep floors. */
function* primalWithFloors(progress: Progress, region: Region, hints: Hints): Steps {
  const first = keepLayout(region.model).choices
  let priced = region
  for (let round = 0; ; round += 1) {
    const search = searchOf(progress, priced, hints)
    yield* descend(search, progress.best?.solution.choices ?? first)
    const factor = 1 + 0.5 / (1 + round / 4)
    const { best } = search
    if (best === null) return
    const solution = { choices: best.choices, holds: [best.placed.holds] }
    priced = withSteppedFloors(priced, incumbentOf(progress, solution), factor)
    yield 1
  }
}

function withSteppedFloors(region: Region, plan: Incumbent | null, factor: number): Region {
  if (plan === null) return region
  const { model, floorPrices } = region
  return { ...region, floorPrices: steppedFloorPrices(model, floorPrices, plan.value, factor) }
}

/**
 * Advances the one that has done less work so far, until both are done. 0 steps pass the turn: who
 * takes none waits for the other one, and for ever if that one is done.
 */
export function* byTurns(a: Steps, b: Steps): Steps {
  let ahead = 0
  let isADone = false
  let isBDone = false
  while (!isADone || !isBDone) {
    const isATurn: boolean = !isADone && (isBDone || ahead <= 0)
    const next: IteratorResult<number, void> = isATurn ? a.next() : b.next()
    const steps = next.done === true ? 0 : next.value
    if (isATurn) isADone = next.done === true
    else isBDone = next.done === true
    if (next.done !== true && steps === 0 && (isATurn ? isBDone : isADone)) return
    ahead = steps === 0 && !isATurn ? 0 : ahead + (isATurn ? steps : -steps)
    yield steps
  }
}
