import { expect, test } from 'vitest'
import { randomProblem } from '../../../test/random-problem.ts'
import { Rng } from '../../base/rng.ts'
import { valueOf } from '../../core/plan/value.ts'
import { searchExhaustively } from '../exhaustive.ts'
import { boundByCapacity } from './capacity-search.ts'
import { planPath } from './plan-path.ts'
import { windowModelOf } from './window-model.ts'

test('no small problem has a plan worth more than its capacity bounds', () => {
  for (let seed = 0; seed < 16; seed += 1) {
    const options = { size: 'small', slotCount: 3, hasRunning: seed % 2 === 0 } as const
    const problem = randomProblem(new Rng(seed, 'capacity'), options)
    const best = searchExhaustively(problem)
    if (best.kind === 'none') throw new Error(best.reason)
    const most = best.objective + best.terminal
    const bounds: number[] = []
    const search = boundByCapacity(
      windowModelOf(problem),
      () => most,
      (own) => bounds.push(own),
    )
    for (const steps of search) expect(steps).toBeGreaterThan(0)
    expect(Math.min(...bounds), `seed ${seed}`).toBeGreaterThanOrEqual(most * (1 - 1e-9))
  }
})

test('plans on several GPUs have a bound that more work never plans beyond', () => {
  for (let seed = 0; seed < 3; seed += 1) {
    const gpuModelIds = seed === 0 ? ['a100-80gb', 'a30'] : ['a100-80gb', 'a100-80gb']
    const options = { size: 'full', gpuModelIds, tenantCount: 3 + seed } as const
    const problem = randomProblem(new Rng(seed, 'several GPUs'), options)
    const few = solve(problem, 2e6)
    const many = solve(problem, 1.5e7)
    expect(few.bound).toBeLessThan(Number.POSITIVE_INFINITY)
    expect(Math.min(few.bound, many.bound)).toBeGreaterThanOrEqual(many.worth)
    expect(many.worth).toBeGreaterThanOrEqual(few.worth)
  }
})

/** The bound on J + T, and J + T of the plan. */
function solve(problem: Parameters<typeof planPath>[0], stepsMax: number) {
  const outcome = planPath(problem, { stepsMax })
  if (outcome.status === 'infeasible') throw new Error(outcome.reason)
  const { objective, terminal } = valueOf(problem, outcome.plan)
  const bound = outcome.bound === null ? Number.POSITIVE_INFINITY : outcome.bound + terminal
  return { bound, worth: objective + terminal }
}
