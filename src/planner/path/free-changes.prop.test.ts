import { expect, test } from 'vitest'
import { type RandomProblemOptions, randomProblem } from '../../../test/random-problem.ts'
import { must } from '../../base/assert.ts'
import { Rng } from '../../base/rng.ts'
import { checkPlan } from '../../core/plan/check.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import { valueOf } from '../../core/plan/value.ts'
import { withoutOverhead } from '../../core/plan/warm-up.ts'
import { planPath } from './plan-path.ts'

function problemOf(seed: number, options: Partial<RandomProblemOptions>): PlanningProblem {
  const rng = new Rng(seed, 'free changes')
  return randomProblem(rng, { size: 'full', residenceSlots: 0, slotCount: 100, ...options })
}

/** J + T, and the gap. */
function planned(problem: PlanningProblem, stepsMax: number) {
  const outcome = planPath(problem, { stepsMax })
  if (outcome.status === 'infeasible') throw new Error(outcome.reason)
  expect(checkPlan(problem, outcome.plan)).toEqual({ kind: 'legal' })
  const { objective, terminal } = valueOf(problem, outcome.plan)
  return { worth: objective + terminal, gap: outcome.gap }
}

test.each([1, 2, 3])('changes for nothing are never worse than dear ones (%i tenants)', (count) => {
  for (let seed = 0; seed < 4; seed += 1) {
    const problem = problemOf(seed, { tenantCount: count })
    const dear = planned(problem, 1e7)
    const free = planned(withoutOverhead(problem), 1e7)
    expect(free.worth, `seed ${seed}`).toBeGreaterThanOrEqual(0.995 * dear.worth)
  }
})

test('for nothing, and with no retraining, every slot is served as well as can be', () => {
  for (let seed = 0; seed < 4; seed += 1) {
    const options = { tenantCount: 2, configurationsMax: 0, hasUnderWay: false, hasBlocked: false }
    const { gap } = planned(withoutOverhead(problemOf(seed, options)), 1e8)
    expect(gap, `seed ${seed}`).toBeLessThan(1e-4)
  }
})

test('nor are they where some changes take time, or what serves has to go on for a while', () => {
  for (let seed = 0; seed < 4; seed += 1) {
    const dear = problemOf(seed, { tenantCount: 3 })
    const free = withoutOverhead(dear)
    const [first, ...others] = free.tenants
    const inferenceStartSeconds = dear.tenants[0]?.inferenceStartSeconds ?? 0
    const partly = { ...free, tenants: [{ ...must(first), inferenceStartSeconds }, ...others] }
    const residenceSecondsMin = 3 * dear.slotSeconds
    const { worth } = planned(dear, 1e7)
    expect(planned(partly, 1e7).worth, `seed ${seed}`).toBeGreaterThanOrEqual(0.995 * worth)
    const kept = planned({ ...dear, residenceSecondsMin }, 1e7).worth
    const freelyKept = planned({ ...free, residenceSecondsMin }, 1e7).worth
    expect(freelyKept, `seed ${seed}`).toBeGreaterThanOrEqual(0.995 * kept)
  }
})
