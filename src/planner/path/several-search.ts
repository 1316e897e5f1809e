import { Rng } from '../../base/rng.ts'
import { valueOf } from '../../core/plan/value.ts'
import { keepLayout } from './first-solutions.ts'
import { startingFloorPrices, steppedFloorPrices } from './floors.ts'
import { type NeighbourhoodSearch, replanGpus } from './neighbourhoods.ts'
import { planOfSolution } from './plan-of-solution.ts'
import { offer, type Progress, totalOf } from './progress.ts'
import type { Work } from './work.ts'

/** Several GPUs, or more tenants than can be planned together: by neighbourhoods. */
export function* searchSeveralRegions(progress: Progress): Work {
  const { model } = progress
  if (model.gpus.length === 0 || model.tenants.length === 0) {
    progress.bound = progress.best === null ? progress.bound : totalOf(progress.best.value)
    return
  }
  const search: NeighbourhoodSearch = {
    model,
    floorPrices: startingFloorPrices(model),
    rng: new Rng(0, 'neighbourhoods'),
    current: progress.found?.solution ?? progress.nearest?.solution ?? keepLayout(model),
  }
  let fruitless = 0
  for (let round = 0; fruitless < fruitlessMax; round += 1) {
    const before = search.current
    const tenantsMax = round === 0 ? 2 : round < fewTenantsRounds ? 3 : 4
    yield* replanGpus(search, { tenantsMax, isRetraining: round % 2 === 1 })
    fruitless = search.current === before ? fruitless + 1 : 0
    if (search.current !== before) offer(progress, search.current)
    if (progress.found === null) raisePrices(search)
    yield 1000
  }
}

/** Rounds in which neighbourhoods are small, so that the first gains come soon. */
const fewTenantsRounds = 4
/** Rounds without a better plan after which there is hardly one to be found. */
const fruitlessMax = 60

/** Floors that the plan misses cost more from now on. */
function raisePrices(search: NeighbourhoodSearch): void {
  const { model, current, floorPrices } = search
  const value = valueOf(model.problem, planOfSolution(model, 'migrator', current))
  search.floorPrices = steppedFloorPrices(model, floorPrices, value, 2)
}
