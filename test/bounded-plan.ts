import { expect } from 'vitest'
import { checkPlan } from '../src/core/plan/check.ts'
import type { PlanningProblem } from '../src/core/plan/problem.ts'
import { valueOf } from '../src/core/plan/value.ts'
import { planPath } from '../src/planner/path/plan-path.ts'

/** What the path planner comes to: J + T of its plan, which is legal, and the least bound on it. */
export function boundedPlan(problem: PlanningProblem, stepsMax: number) {
  let lastTerminal = 0
  let bound = Number.POSITIVE_INFINITY
  const outcome = planPath(problem, {
    stepsMax,
    gapTarget: 0,
    onIncumbent: ({ value }) => {
      lastTerminal = value.terminal
    },
    onBound: (own) => {
      bound = Math.min(bound, own + lastTerminal)
    },
  })
  if (outcome.status === 'infeasible') throw new Error(outcome.reason)
  expect(checkPlan(problem, outcome.plan)).toEqual({ kind: 'legal' })
  const { objective, terminal } = valueOf(problem, outcome.plan)
  return { bound, worth: objective + terminal }
}
