import { expect, test } from 'vitest'
import { randomProblem } from '../../test/random-problem.ts'
import { tinyProblem } from '../../test/tiny-problem.ts'
import { must } from '../base/assert.ts'
import { Rng } from '../base/rng.ts'
import { checkPlan } from '../core/plan/check.ts'
import { valueOf } from '../core/plan/value.ts'
import { planExhaustively } from '../planner/exhaustive.ts'
import { staticPlan } from './static-plan.ts'

test('all instances of the best static plan are held from the start to the end', () => {
  const problem = { ...tinyProblem(), isFirstLayoutFree: true }
  const plan = must(staticPlan(problem))
  expect(checkPlan(problem, plan)).toEqual({ kind: 'legal' })
  const inference = plan.instances.flatMap(({ tenures }) =>
    tenures.filter(({ role }) => role.kind === 'inference'),
  )
  expect(inference.length).toBeGreaterThan(0)
  for (const { initialiseFromSeconds, until } of inference) {
    expect([initialiseFromSeconds, until]).toEqual([100, { kind: 'time', atSeconds: 110 }])
  }
})

test('it is legal, and never worth more than the best plan there is', () => {
  for (let seed = 0; seed < 12; seed += 1) {
    const problem = randomProblem(new Rng(seed, 'static plan'), { size: 'small' })
    const plan = must(staticPlan(problem))
    expect(checkPlan(problem, plan)).toEqual({ kind: 'legal' })
    const { objective, terminal } = valueOf(problem, plan)
    expect(objective + terminal).toBeLessThanOrEqual(bestOf(problem) + 1e-9)
  }
})

function bestOf(problem: Parameters<typeof planExhaustively>[0]): number {
  const outcome = planExhaustively(problem)
  if (outcome.status === 'infeasible') return Number.NEGATIVE_INFINITY
  const { objective, terminal } = valueOf(problem, outcome.plan)
  return objective + terminal
}
