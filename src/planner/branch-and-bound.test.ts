import { expect, test } from 'vitest'
import { Rng } from '../base/rng.ts'
import { branchAndBound } from './branch-and-bound.ts'
import { type Model, ModelBuilder, type Term } from './model.ts'
import { createHighsSolver } from './solver/highs.ts'
import { isSolved, noSolver } from './solver.ts'

const solver = await createHighsSolver()
const exact = { gapTarget: 0, workMax: 1e6 }

/**
 * Jobs to start at most once each, on a machine of limited width, beside whole and real numbers.
 */
function schedulingModel(seed: number): Model {
  const rng = new Rng(seed, 'branch and bound')
  const model = new ModelBuilder(`jobs ${seed}`)
  const steps = 5
  const load: Term[][] = Array.from({ length: steps }, () => [])
  for (let job = 0; job < 4; job += 1) {
    const length = 1 + rng.integer(3)
    const width = 1 + rng.integer(4)
    const starts = Array.from({ length: steps - length + 1 }, (_, start) => {
      const variable = model.binary(`job${job}_t${start}`, 1 + 5 * rng.uniform())
      for (let t = start; t < start + length; t += 1) load[t]?.push([variable, width])
      return variable
    })
    model.constraint(
      `once${job}`,
      starts.map((variable) => [variable, 1]),
      '<=',
      1,
    )
    model.alternatives(starts)
  }
  for (const [t, terms] of load.entries()) {
    const filler = model.variable(`filler${t}`, { upper: 3, isInteger: true, objective: 0.7 })
    const rest = model.variable(`rest${t}`, { upper: 0.5, objective: 0.1 })
    model.constraint(`width${t}`, [...terms, [filler, 1.5], [rest, 1]], '<=', 5.2)
  }
  model.addToObjective(100)
  return model.build()
}

function residualOf(model: Model, values: Float64Array): number {
  const excess = model.constraints.map(({ terms, lower, upper }) => {
    const sum = terms.reduce(
      (total, [variable, weight]) => total + weight * (values[variable] ?? 0),
      0,
    )
    return Math.max(sum - upper, lower - sum)
  })
  return Math.max(...excess)
}

test('it finds what the MIP solver finds, with a point that keeps every constraint', () => {
  for (let seed = 0; seed < 15; seed += 1) {
    const model = schedulingModel(seed)
    const { solution, incumbents } = branchAndBound(model, solver, exact)
    const reference = solver.solve(model, exact)
    if (!isSolved(solution) || !isSolved(reference)) throw new Error('Both are solved')
    expect(solution.objective).toBeCloseTo(reference.objective, 6)
    expect(solution.bound).toBeCloseTo(reference.objective, 6)
    expect(residualOf(model, solution.values)).toBeLessThan(1e-6)
    expect(incumbents.at(-1)).toEqual(solution.values)
  }
})

test('a gap ends it earlier, and its bound holds', () => {
  let nodes = 0
  let nodesExact = 0
  for (let seed = 0; seed < 8; seed += 1) {
    const model = schedulingModel(seed)
    const loose = branchAndBound(model, solver, { gapTarget: 0.1, workMax: 1e6 })
    const tight = branchAndBound(model, solver, exact)
    if (!isSolved(loose.solution) || !isSolved(tight.solution)) throw new Error('Both are solved')
    expect(loose.solution.bound).toBeGreaterThanOrEqual(tight.solution.objective - 1e-6)
    const worth = loose.solution.objective - model.objectiveConstant
    expect(loose.solution.bound - loose.solution.objective).toBeLessThanOrEqual(0.1 * worth + 1e-9)
    nodes += loose.nodes
    nodesExact += tight.nodes
  }
  expect(nodes).toBeLessThan(nodesExact)
})

test('the work is never overrun; with too little there is no point and no bound is made up', () => {
  const model = schedulingModel(3)
  const all = branchAndBound(model, solver, exact).solution
  expect(branchAndBound(model, solver, { gapTarget: 0, workMax: 1 }).solution.status).toBe(
    'exhausted',
  )
  for (let workMax = 10; workMax < all.iterations; workMax += 10) {
    const { solution } = branchAndBound(model, solver, { gapTarget: 0, workMax })
    expect(solution.iterations).toBeLessThanOrEqual(workMax)
    if (!isSolved(solution) || !isSolved(all)) continue
    expect(solution.status).toBe('feasible')
    expect(solution.bound).toBeGreaterThanOrEqual(all.objective - 1e-6)
  }
})

test('an infeasible model and a broken solver are answers', () => {
  const model = new ModelBuilder('contradiction')
  const x = model.binary('x', 1)
  const y = model.binary('y', 1)
  model.constraint(
    'half',
    [
      [x, 2],
      [y, 2],
    ],
    '=',
    1,
  )
  expect(branchAndBound(model.build(), solver, exact).solution.status).toBe('infeasible')
  expect(branchAndBound(model.build(), noSolver, exact).solution.status).toBe('failed')
})
