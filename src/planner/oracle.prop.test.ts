import { describe, expect, test } from 'vitest'
import { type RandomProblemOptions, randomProblem } from '../../test/random-problem.ts'
import { Rng } from '../base/rng.ts'
import { checkPlan } from '../core/plan/check.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { valueOf } from '../core/plan/value.ts'
import { branchAndBound } from './branch-and-bound.ts'
import type { ClassHoldings } from './class-space.ts'
import { decodePlaced } from './decode-placed.ts'
import { searchExhaustively } from './exhaustive.ts'
import { formulate } from './formulation.ts'
import { makeGrid } from './grid.ts'
import type { PlacedHoldings } from './placed-space.ts'
import { placesOf } from './places.ts'
import { priceBound } from './price-bound.ts'
import { pricesOf } from './prices.ts'
import { planFromJobs } from './schedule.ts'
import { createHighsSolver } from './solver/highs.ts'
import { isSolved } from './solver.ts'

const solver = await createHighsSolver()
const exact = { gapTarget: 0, workMax: 1e7 }
const everySet = { tolerance: 0, setCountMax: Number.POSITIVE_INFINITY }

/** What the oracle can walk through: 202 problems. */
const families: readonly (Partial<RandomProblemOptions> & { readonly count: number })[] = [
  { count: 40 },
  { count: 90, hasRunning: true, hasUnderWay: true },
  { count: 24, hasRunning: true, warmUpSlots: 2 },
  { count: 24, hasFloors: true },
  { count: 24, residenceSlots: 2, warmUpSlots: 1 },
]

function problemsOf(family: number): readonly PlanningProblem[] {
  const { count, ...options } = families[family] ?? { count: 0 }
  return Array.from({ length: count }, (_, seed) => {
    const draw = (slotCount: number) =>
      randomProblem(new Rng(seed, `oracle ${family}`), { size: 'small', slotCount, ...options })
    const problem = draw(seed % 5 === 4 ? 5 : 3 + (seed % 2))
    // Four places that can all be held at once: the oracle takes seconds for a fourth slot.
    const places = placesOf(problem).filter(({ profile }) => profile.size === 1)
    return places.length >= 4 ? draw(3) : problem
  })
}

/** J + T of the placed program's optimum, and of the plan that it stands for; null: infeasible. */
function placedOptimum(problem: PlanningProblem): { objective: number; value: number } | null {
  const grid = makeGrid(problem, 1, everySet)
  const formulation = formulate(grid, { level: 'placed' })
  const { solution } = branchAndBound(formulation.model, solver, exact)
  if (solution.status === 'infeasible') return null
  if (!isSolved(solution)) throw new Error(solution.reason)
  const holdings = formulation.holdings as PlacedHoldings
  const plan = planFromJobs(grid, decodePlaced(formulation, holdings, solution.values), 'test')
  expect(checkPlan(problem, plan)).toEqual({ kind: 'legal' })
  const { objective, terminal } = valueOf(problem, plan)
  return { objective: solution.objective, value: objective + terminal }
}

/** Upper bounds on J + T: counts instead of places, linear relaxations, prices. */
function boundsOn(problem: PlanningProblem): readonly (readonly [string, number])[] {
  const grid = makeGrid(problem, 1, everySet)
  const placed = solver.relax(formulate(grid, { level: 'placed' }).model)
  const relaxed = placed.solve(new Map(), 1e7)
  placed.close()
  const counts = formulate(grid, { level: 'counts' })
  const { solution, rootDuals } = branchAndBound(counts.model, solver, exact)
  if (relaxed.status !== 'optimal' || !isSolved(solution) || rootDuals === null) {
    throw new Error('A relaxation of a feasible problem is feasible')
  }
  const prices = pricesOf(grid, counts.holdings as ClassHoldings, rootDuals)
  const flat = prices.map((row) => row.map(() => 0.01))
  return [
    ['placed, relaxed', relaxed.objective],
    ['counts', solution.bound],
    ['prices of the relaxation', priceBound(grid, prices) ?? Number.NaN],
    ['any prices', priceBound(grid, flat) ?? Number.NaN],
  ]
}

describe.each(families.map((family, index) => [JSON.stringify(family), index] as const))(
  'problems %s',
  (_, family) => {
    test('the placed program, the oracle and the value of the plan agree to 1e-6', () => {
      let feasible = 0
      for (const [seed, problem] of problemsOf(family).entries()) {
        const oracle = searchExhaustively(problem)
        const optimum = placedOptimum(problem)
        expect(optimum === null, `seed ${seed}`).toBe(oracle.kind === 'none')
        if (oracle.kind === 'none' || optimum === null) continue
        feasible += 1
        const best = oracle.objective + oracle.terminal
        expect(Math.abs(optimum.objective - best), `seed ${seed}, program`).toBeLessThan(1e-6)
        expect(Math.abs(optimum.value - best), `seed ${seed}, plan`).toBeLessThan(1e-6)
      }
      expect(feasible).toBeGreaterThan(0.6 * problemsOf(family).length)
    })

    test('every relaxation is worth at least the optimum', () => {
      for (const [seed, problem] of problemsOf(family).slice(0, 25).entries()) {
        const optimum = placedOptimum(problem)
        if (optimum === null) continue
        for (const [name, bound] of boundsOn(problem)) {
          expect(bound, `seed ${seed}, ${name}`).toBeGreaterThanOrEqual(optimum.objective - 1e-8)
        }
      }
    })
  },
)
