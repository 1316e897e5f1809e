import fc from 'fast-check'
import { expect, test } from 'vitest'
import { randomPlan } from '../../test/random-plan.ts'
import { randomProblem } from '../../test/random-problem.ts'
import { Rng } from '../base/rng.ts'
import { checkPlan } from '../core/plan/check.ts'
import { planFromBlocks } from '../core/plan/plan-from-blocks.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { valueOf } from '../core/plan/value.ts'
import { searchExhaustively } from './exhaustive.ts'

const seeds = fc.nat(1_000_000)

test('the best plan of a small problem is legal, and worth what the search says', () => {
  fc.assert(
    fc.property(seeds, fc.boolean(), (seed, hasFloors) => {
      const problem = randomProblem(new Rng(seed), { size: 'small', hasFloors })
      const best = searchExhaustively(problem)
      if (best.kind === 'none') {
        expect(hasFloors).toBe(true)
        return
      }
      const plan = planFromBlocks(problem, 'test', best.blocks)
      expect(checkPlan(problem, plan)).toEqual({ kind: 'legal' })
      const value = valueOf(problem, plan)
      expect(value.objective).toBeCloseTo(best.objective, 12)
      expect(value.terminal).toBeCloseTo(best.terminal, 12)
      for (let i = 0; i < 10; i += 1) expectNotBetter(best, problem, seed + i)
    }),
    { numRuns: 20 },
  )
})

test('with takeovers, too, nothing is worth more than the best plan, and it often has some', () => {
  let better = 0
  for (let seed = 0; seed < 40; seed += 1) {
    const gpu = { gpuModelIds: ['a30'], profileIds: [5, 0] }
    const small = { size: 'small', slotCount: 4, warmUpSlots: 1, ...gpu } as const
    const options = { ...small, hasTakeovers: true }
    const problem = randomProblem(new Rng(seed, 'takeovers'), options)
    const best = searchExhaustively(problem)
    if (best.kind === 'none') throw new Error(best.reason)
    const plan = planFromBlocks(problem, 'test', best.blocks)
    expect(checkPlan(problem, plan), `seed ${seed}`).toEqual({ kind: 'legal' })
    const value = valueOf(problem, plan)
    expect(value.objective).toBeCloseTo(best.objective, 12)
    expect(value.terminal).toBeCloseTo(best.terminal, 12)
    for (let i = 0; i < 30; i += 1) expectNotBetter(best, problem, seed + i)
    const { takeovers: _takeovers, ...breakingFirst } = problem
    const broken = searchExhaustively(breakingFirst)
    if (broken.kind === 'none') throw new Error(broken.reason)
    const gain = best.objective + best.terminal - broken.objective - broken.terminal
    expect(gain).toBeGreaterThanOrEqual(-1e-12)
    if (gain > 1e-9) better += 1
  }
  expect(better).toBeGreaterThan(3)
})

/** No plan that is legal by chance, floors included, beats the best. */
function expectNotBetter(
  best: { readonly objective: number; readonly terminal: number },
  problem: PlanningProblem,
  seed: number,
): void {
  const plan = randomPlan(new Rng(seed, 'plan'), problem, 15)
  if (checkPlan(problem, plan).kind === 'illegal') return
  const { objective, terminal } = valueOf(problem, plan)
  expect(objective + terminal).toBeLessThanOrEqual(best.objective + best.terminal + 1e-12)
}
