import { Rng } from '../../base/rng.ts'
import { valueOf } from '../../core/plan/value.ts'
import type { Steps } from './choice-search.ts'
import { keepLayout } from './first-solutions.ts'
import { startingFloorPrices, steppedFloorPrices } from './floors.ts'
import { type NeighbourhoodSearch, replanGpus } from './neighbourhoods.ts'
import { planOfSolution } from './plan-of-solution.ts'
import { offer, type Progress, totalOf } from './progress.ts'

/** Several GPUs, or more tenants than can be planned together: by neighbourhoods, for ever. */
export function* searchSeveralRegions(progress: Progress): Steps {
  const { model } = progress
  if (model.gpus.length === 0 || model.tenants.length === 0) {
    progress.bound = progress.best === null ? progress.bound : totalOf(progress.best.value)
    return
  }
  const search: NeighbourhoodSearch = {
    model,
    floorPrices: startingFloorPrices(model),
    rng: new Rng(0, 'neighbourhoods'),
    current: keepLayout(model),
  }
  for (let round = 0; ; round += 1) {
    const before = search.current
    const gpus = round === 0 ? model.gpus : undefined
    yield* replanGpus(search, round > 0 && round % 2 === 0, gpus)
    if (search.current !== before) offer(progress, search.current)
    if (progress.best === null) raisePrices(search)
    yield 1
  }
}

/** Floors that the plan misses cost more from now on. */
function raisePrices(search: NeighbourhoodSearch): void {
  const { model, current, floorPrices } = search
  const value = valueOf(model.problem, planOfSolution(model, 'migrator', current))
  search.floorPrices = steppedFloorPrices(model, floorPrices, value, 2)
}
