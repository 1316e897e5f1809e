import { expect, test } from 'vitest'
import { type RandomProblemOptions, randomProblem } from '../../../test/random-problem.ts'
import { Rng } from '../../base/rng.ts'
import { checkPlan } from '../../core/plan/check.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import { valueOf } from '../../core/plan/value.ts'
import { branchAndBound } from '../branch-and-bound.ts'
import { searchExhaustively } from '../exhaustive.ts'
import { formulate } from '../formulation.ts'
import { makeGrid } from '../grid.ts'
import { createHighsSolver } from '../solver/highs.ts'
import { isSolved } from '../solver.ts'
import { planPath } from './plan-path.ts'

const solver = await createHighsSolver()

const families: readonly (Partial<RandomProblemOptions> & { readonly count: number })[] = [
  { count: 14 },
  { count: 14, hasRunning: true, hasUnderWay: true },
  { count: 10, hasRunning: true, warmUpSlots: 2 },
  { count: 24, hasFloors: true },
  { count: 10, residenceSlots: 2, warmUpSlots: 1 },
]

function problemsOf(family: number): readonly PlanningProblem[] {
  const { count, ...options } = families[family] ?? { count: 0 }
  return Array.from({ length: count }, (_, seed) => {
    const rng = new Rng(seed, `small ${family}`)
    return randomProblem(rng, { size: 'small', slotCount: 3, ...options })
  })
}

/** J + T of the plan, or null where none keeps the floors. */
function worthOf(problem: PlanningProblem): number | null {
  const outcome = planPath(problem, { stepsMax: 3e8, gapTarget: 0 })
  if (outcome.status === 'infeasible') return null
  expect(checkPlan(problem, outcome.plan)).toEqual({ kind: 'legal' })
  const { objective, terminal } = valueOf(problem, outcome.plan)
  return objective + terminal
}

test.each([...families.keys()])(
  'on small problems the plan is the best there is (%i)',
  (family) => {
    for (const [seed, problem] of problemsOf(family).entries()) {
      const best = searchExhaustively(problem)
      const worth = worthOf(problem)
      if (best.kind === 'none') expect(worth, `seed ${seed}`).toBeNull()
      else expect(worth, `seed ${seed}`).toBeCloseTo(best.objective + best.terminal, 9)
    }
  },
)

test('on small problems it is worth as much as the optimum of the integer program', () => {
  const every = { tolerance: 0, setCountMax: Number.POSITIVE_INFINITY }
  for (const problem of [...problemsOf(0).slice(0, 8), ...problemsOf(3).slice(0, 8)]) {
    const formulation = formulate(makeGrid(problem, 1, every), { level: 'placed' })
    const exact = { gapTarget: 0, workMax: 1e7 }
    const { solution } = branchAndBound(formulation.model, solver, exact)
    const worth = worthOf(problem)
    if (solution.status === 'infeasible') expect(worth).toBeNull()
    else if (isSolved(solution)) expect(worth).toBeCloseTo(solution.objective, 6)
  }
})
