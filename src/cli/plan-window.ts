import { assert } from '../base/assert.ts'
import type { PlanOutcome } from '../core/plan/outcome.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import type { Policy } from '../core/policy.ts'
import type { Site } from '../core/site.ts'
import type { ServiceTable } from '../core/workload/service-table.ts'
import type { ThreadAnswer } from '../runtime/planner-thread.ts'
import { simulate } from '../simulator/run.ts'

/** A problem and its answer; `planning` is null where work was counted, not time. */
export type PlannedWindow = {
  readonly problem: PlanningProblem
  readonly outcome: PlanOutcome
  readonly planning: Planning | null
}

/** How planning by the wall clock went. */
export type Planning = Omit<ThreadAnswer, 'outcome'> & { readonly secondsMax: number }

/**
 * What `policy` is asked to plan at the start of a window, and does not plan yet. The windows
 * before it are simulated, so that the layout, the versions and the observations are what they
 * would be by then.
 */
export function problemOf(options: {
  readonly site: Site
  readonly policy: Policy
  readonly seed: number
  readonly services: readonly ServiceTable[]
  readonly window: number
}): PlanningProblem {
  const { site, policy, seed, services, window } = options
  assert(site.simulation !== null, 'Only a site with a simulation can be planned in the lab')
  const watched: Policy = {
    ...policy,
    plan: (problem) => {
      if (problem.windowIndex === window) throw new WindowReached(problem)
      return policy.plan(problem)
    },
  }
  try {
    simulate({ site, policy: watched, seed, services })
  } catch (error) {
    if (error instanceof WindowReached) return error.problem
    throw error
  }
  throw new Error(`Policy ${policy.name} is never asked for a plan of window ${window}`)
}

/** Ends the simulation where there is what was wanted of it. */
class WindowReached extends Error {
  readonly problem: PlanningProblem
  constructor(problem: PlanningProblem) {
    super('The window to plan is reached')
    this.problem = problem
  }
}
