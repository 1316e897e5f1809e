import { expect, test } from 'vitest'
import { type Model, ModelBuilder } from '../model.ts'
import type { Bounds, Solution, Solved } from '../solver.ts'
import { createHighsSolver } from './highs.ts'

const solver = await createHighsSolver()
const exact = { gapTarget: 0, workMax: 1e9 }

/** max 5a + 4b + 3c, a knapsack of 7 with weights 4, 3, 2. */
function knapsack(): Model {
  const model = new ModelBuilder('knapsack')
  const a = model.binary('a', 5)
  const b = model.binary('b', 4)
  const c = model.binary('c', 3)
  model.constraint(
    'weight',
    [
      [a, 4],
      [b, 3],
      [c, 2],
    ],
    '<=',
    6,
  )
  return model.build()
}

/** A market-split problem: hard for branch and bound although it is small. */
function marketSplit(): Model {
  const model = new ModelBuilder('market split')
  const rows = 3
  const columns = Array.from({ length: 10 * (rows - 1) }, (_, j) => model.binary(`x${j}`))
  for (let i = 0; i < rows; i += 1) {
    const weights = columns.map((_, j) => ((j + 1) * (i + 7) * 7919 + i * 104729) % 100)
    const over = model.variable(`over${i}`, { objective: -1 })
    const under = model.variable(`under${i}`, { objective: -1 })
    const half = Math.floor(weights.reduce((sum, weight) => sum + weight, 0) / 2)
    const terms = columns.map((x, j) => [x, weights[j] ?? 0] as const)
    model.constraint(`split${i}`, [...terms, [over, -1], [under, 1]], '=', half)
  }
  return model.build()
}

function solved(solution: Solution): Solved {
  switch (solution.status) {
    case 'optimal':
    case 'feasible':
      return solution
    default:
      throw new Error(solution.reason)
  }
}

test('the optimum of a knapsack, its bound and its point', () => {
  const solution = solved(solver.solve(knapsack(), exact))
  expect(solution.status).toBe('optimal')
  expect(solution.objective).toBeCloseTo(8, 9)
  expect(solution.bound).toBeCloseTo(8, 9)
  expect([...solution.values].map(Math.round)).toEqual([1, 0, 1])
})

test('the relaxation is worth at least the optimum, with what a unit of a side is worth', () => {
  const relaxation = solver.relax(knapsack())
  const solution = relaxation.solve(new Map(), 1e6)
  relaxation.close()
  if (solution.status !== 'optimal') throw new Error(solution.reason)
  expect(solution.objective).toBeCloseTo(3 + 4 + 5 / 4, 9)
  expect(solution.duals[0]).toBeCloseTo(5 / 4, 9)
})

test('a relaxation is solved again with other bounds, and with its own after that', () => {
  const relaxation = solver.relax(knapsack())
  const objectiveWith = (bounds: Bounds) => {
    const solution = relaxation.solve(bounds, 1e6)
    return solution.status === 'optimal' ? solution.objective : solution.status
  }
  expect(objectiveWith(new Map([[2, [0, 0]]]))).toBeCloseTo(4 + (5 * 3) / 4, 9)
  expect(objectiveWith(new Map([[0, [1, 1]]]))).toBeCloseTo(5 + 3, 9)
  expect(objectiveWith(new Map([[0, [2, 2]]]))).toBe('infeasible')
  expect(objectiveWith(new Map())).toBeCloseTo(3 + 4 + 5 / 4, 9)
  relaxation.close()
})

test('a relaxation stops when its work is spent, and says that it has no point', () => {
  const relaxation = solver.relax(marketSplit())
  expect(relaxation.solve(new Map(), 1).status).toBe('exhausted')
  expect(relaxation.solve(new Map(), 1e6).status).toBe('optimal')
  relaxation.close()
})

test('the constant of the objective is in objective and bound', () => {
  const solution = solved(solver.solve({ ...knapsack(), objectiveConstant: 100 }, exact))
  expect(solution.objective).toBeCloseTo(108, 9)
  expect(solution.bound).toBeCloseTo(108, 9)
})

test('tiny objective coefficients do not drown in the tolerances of the solver', () => {
  const model = knapsack()
  const variables = model.variables.map((variable) => ({
    ...variable,
    objective: variable.objective * 1e-9,
  }))
  const solution = solved(solver.solve({ ...model, variables }, exact))
  expect(solution.objective / 1e-9).toBeCloseTo(8, 6)
})

test('an infeasible model says so', () => {
  const model = new ModelBuilder('contradiction')
  const x = model.binary('x', 1)
  model.constraint('two', [[x, 1]], '>=', 2)
  expect(solver.solve(model.build(), exact).status).toBe('infeasible')
})

test('an unbounded model says so', () => {
  const model = new ModelBuilder('endless')
  model.variable('x', { objective: 1 })
  expect(solver.solve(model.build(), exact).status).toBe('unbounded')
})

test('a model without variables is worth its constant', () => {
  const solution = solved(solver.solve(new ModelBuilder('empty').build(), exact))
  expect(solution.objective).toBe(0)
})

test.each([Number.NaN, Number.POSITIVE_INFINITY])(
  'a coefficient %d never reaches the solver',
  (bad) => {
    const model = new ModelBuilder('bad')
    const x = model.binary('x', 1)
    model.constraint('limit', [[x, bad]], '<=', 1)
    const solution = solver.solve(model.build(), exact)
    expect(solution).toMatchObject({
      status: 'failed',
      reason: `Cannot solve bad: a coefficient in limit is ${bad}`,
    })
  },
)

test('an exception inside the solver is an answer, and the solver works again afterwards', () => {
  const broken = solver.solve(knapsack(), { ...exact, startValues: [1] })
  expect(broken.status).toBe('failed')
  expect(solver.solve(knapsack(), exact).status).toBe('optimal')
})

test('counted work ends a hard model with an incumbent and a bound, the same every time', () => {
  const settings = { gapTarget: 0, workMax: 300 }
  const first = solved(solver.solve(marketSplit(), settings))
  expect(first.status).toBe('feasible')
  expect(first.iterations).toBeGreaterThanOrEqual(300)
  expect(first.iterations).toBeLessThan(3000)
  expect(first.bound).toBeGreaterThan(first.objective)
  expect(solver.solve(marketSplit(), settings)).toEqual(first)
})

test('a start is used: without any work its value is kept', () => {
  const start = marketSplit()
  const values = start.variables.map(({ upper }): number => (upper === 1 ? 1 : 0))
  for (const [i, { terms, upper }] of start.constraints.entries()) {
    const used = terms.slice(0, -2).reduce((sum, [, weight]) => sum + weight, 0)
    values[20 + 2 * i] = Math.max(0, used - upper)
    values[21 + 2 * i] = Math.max(0, upper - used)
  }
  const solution = solved(solver.solve(start, { gapTarget: 0, workMax: 1, startValues: values }))
  expect(solution.objective).toBeGreaterThanOrEqual(
    -values.slice(20).reduce((sum, value) => sum + value, 0),
  )
})
