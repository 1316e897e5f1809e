import { expect, test } from 'vitest'
import { randomProblem } from '../../test/random-problem.ts'
import { must } from '../base/assert.ts'
import { Rng } from '../base/rng.ts'
import { checkPlan } from '../core/plan/check.ts'
import type { Plan } from '../core/plan/plan.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { valueOf } from '../core/plan/value.ts'
import { fixedLayoutOutcome } from './fixed-layout.ts'
import { keptLayoutPlan } from './kept-layout.ts'
import { bestLayoutFor, runningLayout } from './window-layout.ts'

function worthOf(problem: PlanningProblem, plan: Plan): number {
  const { objective, terminal } = valueOf(problem, plan)
  return objective + terminal
}

const problems = Array.from({ length: 20 }, (_, seed) =>
  randomProblem(new Rng(seed), {
    size: 'full',
    slotCount: 60,
    slotSeconds: 1,
    tenantCount: 1 + (seed % 3),
    hasRunning: true,
  }),
)

test('a kept layout is legal, and worth no less than the best one and the one that runs', () => {
  for (const problem of problems) {
    const { plan } = must(keptLayoutPlan(problem))
    expect(checkPlan(problem, plan)).toEqual({ kind: 'legal' })
    for (const layout of [bestLayoutFor(problem, problem), runningLayout(problem)]) {
      const outcome = fixedLayoutOutcome(problem, 'test', layout)
      if (outcome.status === 'infeasible') continue
      expect(worthOf(problem, plan)).toBeGreaterThanOrEqual(worthOf(problem, outcome.plan) - 1e-12)
    }
  }
})
