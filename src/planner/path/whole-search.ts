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
import { type Choices, type Region, regionOf } from './region.ts'
import type { WindowModel } from './window-model.ts'

/** Up to this many joint states all tenants of one GPU are planned together: five on an A100. */
const statesMax = 5000

/** The whole problem as one region, if it has one GPU and few enough tenants. */
export function wholeRegion(model: WindowModel): Region | null {
  const gpu = model.gpus.length === 1 ? must(model.gpus[0]) : null
  const tenants = model.tenants.map(({ index }) => index)
  const states = gpu?.statesOf(tenants, statesMax) ?? null
  if (gpu === null || states === null || tenants.length === 0) return null
  const none = model.problem.classes.map(() => 0)
  const nothing = Array.from({ length: model.slotCount }, () => none)
  const floorPrices = startingFloorPrices(model)
  return regionOf(model, gpu, { tenants, states, fixed: [], elsewhere: () => nothing, floorPrices })
}

/** Plans and bounds by turns, with equal work. */
export function* searchWholeRegion(progress: Progress, region: Region): Steps {
  const suggestions: Choices[] = []
  const target = () => (progress.best === null ? 0 : totalOf(progress.best.value))
  const takeBound = ({ bound, retraining }: DualReport): void => {
    suggestions.push(retraining.map((own) => own && { ...own, gpu: region.gpu.gpu }))
    offerBound(progress, bound)
  }
  if (!hasFloors(region.model)) {
    const search = searchOf(progress, region, suggestions)
    yield* consider(search, keepLayout(region.model).choices)
    yield* byTurns(primal(search), tighten(region, target, takeBound))
    return
  }
  progress.proof = unreachableFloor(region)
  const priced = yield* pricedFloors(progress, region, suggestions)
  yield* byTurns(
    primalWithFloors(progress, priced, suggestions),
    tighten(priced, target, takeBound),
  )
}

function searchOf(progress: Progress, region: Region, suggestions: Choices[]): ChoiceSearch {
  const report = ({ choices, placed }: Found) => offer(progress, { choices, holds: [placed.holds] })
  return choiceSearchOf(region, report, suggestions)
}

/** Goes on from the first choices, which were considered already. */
function* primal(search: ChoiceSearch): Steps {
  const first = keepLayout(search.region.model).choices
  yield* improve(search)
  if (first.some((choice) => choice !== null))
    yield* descend(
      search,
      first.map(() => null),
    )
  yield* descendForEver(search, new Rng(0, 'path planner'))
}

/** Raises the prices of floors that are missed until a plan keeps them all, or for a while. */
function* pricedFloors(
  progress: Progress,
  region: Region,
  suggestions: Choices[],
): Generator<number, Region, void> {
  const first = keepLayout(region.model).choices
  let priced = region
  for (let round = 0; round < floorRoundsMax && progress.best === null; round += 1) {
    yield* descend(searchOf(progress, priced, suggestions), first)
    if (progress.best === null) priced = withSteppedFloors(priced, progress.nearest, 2)
  }
  return priced
}

const floorRoundsMax = 12

/** Descends for ever under prices that swing, less and less, round those that just keep floors. */
function* primalWithFloors(progress: Progress, region: Region, suggestions: Choices[]): Steps {
  const first = keepLayout(region.model).choices
  let priced = region
  for (let round = 0; ; round += 1) {
    const search = searchOf(progress, priced, suggestions)
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

/** Advances the one that has done less work so far, until both are done. */
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
    ahead += isATurn ? steps : -steps
    yield steps
  }
}
