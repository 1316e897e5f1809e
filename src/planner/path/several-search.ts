import { Rng } from '../../base/rng.ts'
import { valueOf } from '../../core/plan/value.ts'
import { boundByCapacity } from './capacity-search.ts'
import { keepLayout } from './first-solutions.ts'
import { startingFloorPrices, steppedFloorPrices } from './floors.ts'
import { type NeighbourhoodSearch, replanGpus, type Scope } from './neighbourhoods.ts'
import { planOfSolution } from './plan-of-solution.ts'
import { knownTotal, offer, offerBound, type Progress } from './progress.ts'
import { byTurns, type Work } from './work.ts'

/**
 * Several GPUs, or more tenants than can be planned together: plans by neighbourhoods, and by turns
 * a bound by capacity.
 */
export function* searchSeveralRegions(progress: Progress): Work {
  const { model } = progress
  if (model.gpus.length === 0 || model.tenants.length === 0) {
    offerBound(progress, knownTotal(progress))
    return
  }
  const target = () => knownTotal(progress)
  const bound = boundByCapacity(model, target, (own) => offerBound(progress, own))
  yield* byTurns(searchNeighbourhoods(progress), bound)
}

function* searchNeighbourhoods(progress: Progress): Work {
  const { model } = progress
  const search: NeighbourhoodSearch = {
    model,
    floorPrices: startingFloorPrices(model),
    rng: new Rng(0, 'neighbourhoods'),
    current: progress.found?.solution ?? progress.nearest?.solution ?? keepLayout(model),
    report: (solution) => offer(progress, solution),
  }
  let fruitless = 0
  for (let round = 0; fruitless < fruitlessMax; round += 1) {
    const before = search.current
    yield* replanGpus(search, round < firstRounds ? scopes[0] : (scopes[round % 3] ?? scopes[0]))
    fruitless = search.current === before ? fruitless + 1 : 0
    if (progress.found === null) raisePrices(search)
    yield 1000
  }
}

/** What rounds do in turn; the first ones only what brings most for their work. */
const scopes = [
  { tenantsMax: 3, retraining: 'guess' },
  { tenantsMax: 4, retraining: 'none' },
  { tenantsMax: 3, retraining: 'improve' },
] as const satisfies readonly Scope[]
const firstRounds = 5
/** Rounds without a better plan after which there is hardly one to be found. */
const fruitlessMax = 60

/** Floors that the plan misses cost more from now on. */
function raisePrices(search: NeighbourhoodSearch): void {
  const { model, current, floorPrices } = search
  const value = valueOf(model.problem, planOfSolution(model, 'migrator', current))
  search.floorPrices = steppedFloorPrices(model, floorPrices, value, 2)
}
