import { expect, test } from 'vitest'
import { randomProblem } from '../../test/random-problem.ts'
import { Rng } from '../base/rng.ts'
import { checkPlan } from '../core/plan/check.ts'
import { valueOf } from '../core/plan/value.ts'
import { decodePlaced } from './decode-placed.ts'
import { formulate } from './formulation.ts'
import { makeGrid } from './grid.ts'
import { planFromJobs } from './schedule.ts'
import { createHighsSolver } from './solver/highs.ts'

const solver = await createHighsSolver()

test('what the placed model promises is what its plan is worth', () => {
  for (let seed = 0; seed < 60; seed += 1) {
    const problem = randomProblem(new Rng(seed), { size: 'small' })
    const grid = makeGrid(problem, 1, { tolerance: 0, setCountMax: Number.POSITIVE_INFINITY })
    const formulation = formulate(grid, { level: 'placed' })
    const solution = solver.solve(formulation.model, { gapTarget: 0, workMax: 1e6 })
    if (solution.status !== 'optimal' || formulation.holdings.kind !== 'placed')
      throw new Error(`${seed} ${JSON.stringify(solution)}`)
    const jobs = decodePlaced(formulation, formulation.holdings, solution.values)
    const plan = planFromJobs(grid, jobs, 'test')
    expect(checkPlan(problem, plan), `seed ${seed}`).toEqual({ kind: 'legal' })
    const { objective, terminal } = valueOf(problem, plan)
    expect(
      Math.abs(objective + terminal - solution.objective),
      `seed ${seed} ${objective + terminal} ${solution.objective}`,
    ).toBeLessThan(1e-7)
  }
})
