import { expect, test } from 'vitest'
import { randomProblem } from '../../../test/random-problem.ts'
import { Rng } from '../../base/rng.ts'
import { checkPlan } from '../../core/plan/check.ts'
import type { Plan } from '../../core/plan/plan.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import { valueOf } from '../../core/plan/value.ts'
import { planPath } from './plan-path.ts'

const unproven = { gapTarget: 0 }

test('for the same work a warm start is never worse than a cold one or its first plan', () => {
  for (let seed = 0; seed < 4; seed += 1) {
    const rng = new Rng(seed, 'warm start')
    const problem = randomProblem(rng, { size: 'full', tenantCount: 1 + (seed % 3) })
    const earlier = planOf(problem, { stepsMax: seed % 2 === 0 ? 1 : 1e7 })
    for (const stepsMax of [1, 1e6, 5e6]) {
      const warm = worthOf(problem, planOf(problem, { stepsMax, incumbent: earlier }))
      expect(warm).toBeGreaterThanOrEqual(worthOf(problem, planOf(problem, { stepsMax })))
      expect(warm).toBeGreaterThanOrEqual(worthOf(problem, earlier) * (1 - 1e-12))
    }
  }
})

test('of a plan for another time or another site is taken what still fits', () => {
  for (let seed = 0; seed < 12; seed += 1) {
    const problem = randomProblem(new Rng(seed, 'then'), { size: 'full', tenantCount: 2 })
    const other = randomProblem(new Rng(seed, 'now'), { size: 'full', tenantCount: 2 })
    const now = { ...other, startSeconds: problem.startSeconds + 20 * problem.slotSeconds }
    const incumbent = planOf(problem, { stepsMax: 1e6 })
    const plan = planOf(now, { stepsMax: 1, incumbent })
    expect(checkPlan(now, plan)).toEqual({ kind: 'legal' })
  }
})

function planOf(problem: PlanningProblem, settings: { stepsMax: number; incumbent?: Plan }): Plan {
  const outcome = planPath(problem, { ...unproven, ...settings })
  if (outcome.status === 'infeasible') throw new Error(outcome.reason)
  return outcome.plan
}

function worthOf(problem: PlanningProblem, plan: Plan): number {
  const { objective, terminal } = valueOf(problem, plan)
  return objective + terminal
}
