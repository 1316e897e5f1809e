import { expect, test } from 'vitest'
import { boundedPlan } from '../../../test/bounded-plan.ts'
import { randomProblem } from '../../../test/random-problem.ts'
import { Rng } from '../../base/rng.ts'
import { searchExhaustively } from '../exhaustive.ts'

test('no small problem has a plan worth more than the bound, and the best is nearly found', () => {
  let lost = 0
  const count = 40
  for (let seed = 0; seed < count; seed += 1) {
    const options = { size: 'small', residenceSlots: seed % 10 === 0 ? 1 : 0 } as const
    const problem = randomProblem(new Rng(seed, 'dual'), options)
    const best = searchExhaustively(problem)
    if (best.kind === 'none') throw new Error(best.reason)
    const most = best.objective + best.terminal
    const { bound, worth } = boundedPlan(problem, 3e6)
    const slack = 1e-9 * most
    expect(bound, `seed ${seed}`).toBeGreaterThanOrEqual(most - slack)
    expect(worth, `seed ${seed}`).toBeLessThanOrEqual(most + slack)
    lost += most > 0 ? (most - worth) / most : 0
  }
  expect(lost / count).toBeLessThan(0.005)
})

test('bounds of whole windows are never below the best plan of more work', () => {
  for (let seed = 0; seed < 4; seed += 1) {
    const problem = randomProblem(new Rng(seed, 'bounds'), { size: 'full', tenantCount: 2 })
    const few = boundedPlan(problem, 2e6)
    const many = boundedPlan(problem, 2e7)
    expect(few.bound).toBeGreaterThanOrEqual(many.worth)
    expect(many.bound).toBeLessThanOrEqual(few.bound)
    expect(many.worth).toBeGreaterThanOrEqual(few.worth)
  }
})
