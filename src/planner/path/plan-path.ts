import { refusal } from '../../core/plan/check-problem.ts'
import type { PlanOutcome } from '../../core/plan/outcome.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import { searchExactly } from './exact-search.ts'
import { filledUp } from './filled-up.ts'
import { emptySolution, keepLayout } from './first-solutions.ts'
import { fittedSolution } from './fitted-solution.ts'
import { startingFloorPrices, steppedFloorPrices } from './floors.ts'
import {
  incumbentOf,
  isClosed,
  offer,
  offerWarmStart,
  outcomeOf,
  type PathSettings,
  type Progress,
  progressOf,
} from './progress.ts'
import { searchSeveralRegions } from './several-search.ts'
import { searchWholeRegion, wholeRegionOf } from './whole-search.ts'
import { windowModelOf } from './window-model.ts'
import { byTurns, type Work } from './work.ts'

/**
 * The fast planner (docs/designs/003-path-planner.md): a plan at once, then better plans and bounds
 * until the work is spent, or nothing is left to do. The same problem and work give the same plan;
 * more work never a worse one. Never throws for what a problem may hold: an impossible one is
 * 'infeasible', with the reason. It goes over `stepsMax` by one piece of work, some hundred
 * thousand steps.
 */
export function planPath(problem: PlanningProblem, settings: PathSettings): PlanOutcome {
  const refused = refusal(problem)
  if (refused !== null) return refused
  const progress = progressOf(windowModelOf(problem), settings)
  let asked = Number.NEGATIVE_INFINITY
  for (const steps of workOn(progress)) {
    progress.steps += steps
    if (progress.steps >= settings.stepsMax || isClosed(progress)) break
    if (progress.steps < asked + askedSteps) continue
    asked = progress.steps
    if (settings.shouldStop?.() === true) break
  }
  return outcomeOf(progress)
}

/** Steps after which the clock is asked: about a millisecond. */
const askedSteps = 100_000

function* workOn(progress: Progress): Work {
  const { model, settings } = progress
  offer(progress, emptySolution(model))
  if (model.problem.running.length > 0) offer(progress, keepLayout(model))
  if (settings.incumbent !== undefined) {
    offerWarmStart(progress, fittedSolution(model, settings.incumbent))
  }
  yield* fill(progress)
  yield* byTurns(searchExactly(progress), searchWidely(progress))
}

function* searchWidely(progress: Progress): Work {
  const whole = yield* wholeRegionOf(progress.model)
  if (whole !== null) yield* searchWholeRegion(progress, whole)
  else yield* searchSeveralRegions(progress)
}

/** First plans by filling up what runs, with floors dearer and dearer until they are kept. */
function* fill(progress: Progress): Work {
  const { model } = progress
  const kept = keepLayout(model)
  let floorPrices = startingFloorPrices(model)
  for (let round = 0; round === 0 || (progress.found === null && round < fillsMax); round += 1) {
    const solution = filledUp(model, kept, floorPrices)
    offer(progress, solution)
    const { value } = incumbentOf(progress, solution)
    floorPrices = steppedFloorPrices(model, floorPrices, value, 2)
    yield model.tenants.length * model.gpus.length * stepsPerFill
  }
}

const fillsMax = 8
/** Filling up costs about as much, for each tenant and GPU. */
const stepsPerFill = 10_000
