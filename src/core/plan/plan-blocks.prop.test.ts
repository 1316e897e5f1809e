import { expect, test } from 'vitest'
import { randomPlan } from '../../../test/random-plan.ts'
import { randomProblem } from '../../../test/random-problem.ts'
import { Rng } from '../../base/rng.ts'
import { blocksOf, coldBlocksOf } from './plan-blocks.ts'
import { planFromBlocks } from './plan-from-blocks.ts'
import { valueOf } from './value.ts'

const problems = Array.from({ length: 40 }, (_, seed) =>
  randomProblem(new Rng(seed, 'plan-blocks'), { size: 'small' }),
)

test('a plan made of its blocks again is worth the same', () => {
  for (const [seed, problem] of problems.entries()) {
    const plan = randomPlan(new Rng(seed), problem)
    const again = planFromBlocks(problem, plan.policy, blocksOf(problem, plan))
    expect(valueOf(problem, again).objective).toBeCloseTo(valueOf(problem, plan).objective, 9)
  }
})

test('carried out cold nobody holds an instance before it was to serve', () => {
  for (const [seed, problem] of problems.entries()) {
    const plan = randomPlan(new Rng(seed), problem)
    const [ahead, cold] = [blocksOf(problem, plan), coldBlocksOf(problem, plan)]
    for (const [i, block] of cold.entries()) {
      expect(block.fromSlot).toBeGreaterThanOrEqual(ahead[i]?.fromSlot ?? 0)
    }
  }
})
