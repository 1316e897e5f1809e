import type { Site } from '../../core/site.ts'
import { createPlannerThread } from '../planner-thread.ts'
import type { NodePlanner } from './node-desk.ts'

/** migrator's planner in its thread. A thread that fails costs what it would have found. */
export function createNodePlanner({ planner }: Site): {
  readonly plan: NodePlanner
  readonly close: () => Promise<void>
} {
  const thread = createPlannerThread()
  const { gapTarget } = planner
  return {
    plan: async (problem, { secondsMax, incumbent }) => {
      const options = { secondsMax, gapTarget, ...(incumbent === null ? {} : { incumbent }) }
      return (await thread.plan(problem, options)).outcome
    },
    close: () => thread.close(),
  }
}
