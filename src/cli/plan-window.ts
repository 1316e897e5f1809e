import { assert } from '../base/assert.ts'
import type { PlanOutcome } from '../core/plan/outcome.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import type { Policy } from '../core/policy.ts'
import type { Site } from '../core/site.ts'
import { simulate } from '../simulator/run.ts'
import { serviceTables } from '../simulator/service-tables.ts'

export type PlannedWindow = { readonly problem: PlanningProblem; readonly outcome: PlanOutcome }

/**
 * What `policy` plans at the start of a window. The windows before it are simulated, so that the
 * layout, the versions and the observations are what they would be by then.
 */
export function planWindowOf(options: {
  readonly site: Site
  readonly policy: Policy
  readonly seed: number
  readonly window: number
}): PlannedWindow {
  const { site, policy, seed, window } = options
  assert(site.simulation !== null, 'Only a site with a simulation can be planned in the lab')
  const durationSeconds = (window + 1) * site.windowSeconds
  const shortened = { ...site, simulation: { ...site.simulation, durationSeconds } }
  const planned: PlannedWindow[] = []
  const recording: Policy = {
    ...policy,
    plan: (problem) => {
      const outcome = policy.plan(problem)
      planned.push({ problem, outcome })
      return outcome
    },
  }
  simulate({ site: shortened, policy: recording, seed, services: serviceTables(site) })
  const found = planned.find(({ problem }) => problem.windowIndex === window)
  assert(found !== undefined, `Policy ${policy.name} made no plan for window ${window}`)
  return found
}
