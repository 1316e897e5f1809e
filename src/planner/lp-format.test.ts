import highsModule from 'highs'
import { expect, test } from 'vitest'
import { expectGolden } from '../../test/golden.ts'
import { randomProblem } from '../../test/random-problem.ts'
import { tinyProblem } from '../../test/tiny-problem.ts'
import { Rng } from '../base/rng.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { formulate, type SpaceLevel } from './formulation.ts'
import { makeGrid } from './grid.ts'
import { printLp } from './lp-format.ts'
import { type Model, ModelBuilder } from './model.ts'
import { createHighsSolver } from './solver/highs.ts'
import { isSolved } from './solver.ts'

const highs = await (highsModule as unknown as (typeof highsModule)['default'])()
const solver = await createHighsSolver()
const levels: readonly SpaceLevel[] = ['placed', 'counts']

function modelOf(problem: PlanningProblem, level: SpaceLevel): Model {
  const everySet = { tolerance: 0, setCountMax: Number.POSITIVE_INFINITY }
  return formulate(makeGrid(problem, 1, everySet), { level }).model
}

/**
 * Two slots, two tenants, 3g.40gb or the whole GPU, one instance running, a retraining that crosses
 * the end.
 */
function twoSlots(): PlanningProblem {
  const problem = tinyProblem({ profileIds: [9, 0] })
  const worker = { tenant: 'a', role: 'inference', readyInSeconds: 0 } as const
  return {
    ...problem,
    slotCount: 2,
    costs: { createSeconds: 0.25, destroySeconds: 0.25, cutOverSeconds: 0, checkpointSeconds: 0 },
    running: [{ id: 'running', gpu: 0, profileId: 9, start: 4, worker }],
    tenants: problem.tenants.map((tenant) => ({
      ...tenant,
      arrivals: { ...tenant.arrivals, meanRps: tenant.arrivals.meanRps.slice(0, 2) },
      inferenceStartSeconds: 0.5,
      retrainingStartSeconds: 0,
      retraining: tenant.id === 'b' ? [] : tenant.retraining,
    })),
  }
}

test.each(levels)('the %s program of a problem of two slots reads as it always did', (level) => {
  expectGolden(`two-slots-${level}.lp`, printLp(modelOf(twoSlots(), level)))
})

test.each(levels)('what is printed of a %s program is the program', (level) => {
  for (let seed = 0; seed < 5; seed += 1) {
    const model = modelOf(randomProblem(new Rng(seed), { size: 'small', slotCount: 3 }), level)
    const solution = solver.solve(model, { gapTarget: 0, workMax: 1e6 })
    if (!isSolved(solution)) throw new Error(solution.reason)
    const read = highs.solve(printLp(model), { mip_rel_gap: 0, output_flag: false })
    expect(read.ObjectiveValue + model.objectiveConstant).toBeCloseTo(solution.objective, 5)
  }
})

test('names lose what the format does not allow, sides and bounds are all printed', () => {
  const model = new ModelBuilder('a small one')
  const x = model.variable('x+me', { lower: -1, upper: 5, objective: 2 })
  const y = model.variable('2 y', { isInteger: true, upper: 3 })
  const z = model.binary('z', -0.5)
  model.constraint(
    'first',
    [
      [x, 1],
      [y, -2],
    ],
    '<=',
    4,
  )
  model.constraint(
    'second',
    [
      [y, 1],
      [z, 1],
    ],
    '=',
    1,
  )
  model.constraint('third', [[x, 0.25]], '>=', -3)
  model.addToObjective(7)
  expect(printLp(model.build())).toBe(
    [
      '\\ a small one',
      '\\ add 7 to the objective',
      'Maximize',
      ' value: + 2 x_me - 0.5 z',
      'Subject To',
      ' first: + x_me - 2 _2_y <= 4',
      ' second: + _2_y + z = 1',
      ' third_min: + 0.25 x_me >= -3',
      'Bounds',
      ' -1 <= x_me <= 5',
      ' 0 <= _2_y <= 3',
      'Binaries',
      ' z',
      'Generals',
      ' _2_y',
      'End',
      '',
    ].join('\n'),
  )
})
