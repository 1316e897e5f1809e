import type { PlanOutcome } from '../../core/plan/outcome.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import type { Steps } from './choice-search.ts'
import { emptySolution, keepLayout } from './first-solutions.ts'
import { faultOf } from './problem-faults.ts'
import {
  isClosed,
  offer,
  outcomeOf,
  type PathSettings,
  type Progress,
  progressOf,
} from './progress.ts'
import { searchSeveralRegions } from './several-search.ts'
import { searchWholeRegion, wholeRegionOf } from './whole-search.ts'
import { windowModelOf } from './window-model.ts'

/**
 * The fast planner (docs/designs/003-path-planner.md): a plan at once, then better plans and bounds
 * until the work is spent. The same problem and work give the same plan; more work never a worse
 * one. Never throws for what a problem may hold: an impossible one is 'infeasible', with the
 * reason.
 */
export function planPath(problem: PlanningProblem, settings: PathSettings): PlanOutcome {
  const fault = faultOf(problem)
  if (fault !== null) {
    return { status: 'infeasible', reason: fault, work: { steps: 0, chargedSeconds: 0 } }
  }
  const progress = progressOf(windowModelOf(problem), settings)
  for (const steps of workOn(progress)) {
    progress.steps += steps
    const isSpent = progress.steps >= settings.stepsMax
    if (isSpent || isClosed(progress) || settings.shouldStop?.() === true) break
  }
  return outcomeOf(progress)
}

function* workOn(progress: Progress): Steps {
  const { model } = progress
  offer(progress, emptySolution(model))
  if (model.problem.running.length > 0) offer(progress, keepLayout(model))
  yield 1
  const whole = wholeRegionOf(model)
  if (whole !== null) yield* searchWholeRegion(progress, whole)
  else yield* searchSeveralRegions(progress)
}
