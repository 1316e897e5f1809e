import { expect, test } from 'vitest'
import { randomPlan } from '../../../test/random-plan.ts'
import { randomProblem } from '../../../test/random-problem.ts'
import { Rng } from '../../base/rng.ts'
import { checkPlan } from './check.ts'
import { blocksOf, coldBlocksOf } from './plan-blocks.ts'
import { planFromBlocks } from './plan-from-blocks.ts'
import type { PlanningProblem } from './problem.ts'
import { lendWhereItFits } from './takeover.ts'
import { valueOf } from './value.ts'

function breakingFirst({ takeovers: _takeovers, ...problem }: PlanningProblem): PlanningProblem {
  return problem
}

const cases = Array.from({ length: 400 }, (_value, seed) => {
  const problem = randomProblem(new Rng(seed, 'takeover'), { size: 'small', hasTakeovers: true })
  const without = breakingFirst(problem)
  const plan = randomPlan(new Rng(seed), without)
  return { problem, plan: planFromBlocks(problem, 'random', blocksOf(without, plan)) }
})

test('a lent plan is legal and worth no less, and some are worth more', () => {
  let better = 0
  for (const { problem, plan } of cases) {
    const lent = lendWhereItFits(problem, plan)
    expect(checkPlan(problem, lent)).toEqual({ kind: 'legal' })
    const [before, after] = [valueOf(problem, plan), valueOf(problem, lent)]
    const gain = after.objective + after.terminal - before.objective - before.terminal
    expect(gain).toBeGreaterThanOrEqual(-1e-12)
    if (gain > 1e-9) better += 1
  }
  expect(better).toBeGreaterThan(10)
})

test('carried out cold, nobody starts beside anybody', () => {
  for (const { problem, plan } of cases) {
    const lent = lendWhereItFits(problem, plan)
    const without = breakingFirst(problem)
    const cold = planFromBlocks(without, 'cold', coldBlocksOf(problem, lent))
    const check = checkPlan(without, cold)
    const codes = check.kind === 'legal' ? [] : check.breaches.map(({ code }) => code)
    expect(codes.filter((code) => code === 'tenures-cross' || code === 'overlap')).toEqual([])
  }
})
