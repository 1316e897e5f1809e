import { expect, test } from 'vitest'
import { boundedPlan } from '../../../test/bounded-plan.ts'
import { randomPlan } from '../../../test/random-plan.ts'
import { type RandomProblemOptions, randomProblem } from '../../../test/random-problem.ts'
import { Rng } from '../../base/rng.ts'
import { gpuModels } from '../../core/mig/catalog.ts'
import { checkPlan } from '../../core/plan/check.ts'
import type { Plan } from '../../core/plan/plan.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import { lendWhereItFits } from '../../core/plan/takeover.ts'
import { valueOf } from '../../core/plan/value.ts'
import { searchExhaustively } from '../exhaustive.ts'
import { planPath } from './plan-path.ts'

function problemOf(seed: number, name: string, options: Partial<RandomProblemOptions>) {
  return randomProblem(new Rng(seed, name), { size: 'full', hasTakeovers: true, ...options })
}

function worthOf(problem: PlanningProblem, plan: Plan): number {
  const { objective, terminal } = valueOf(problem, plan)
  return objective + terminal
}

/** Tenures that begin before the one before them is over. */
function takeoversIn({ instances }: Plan): number {
  return instances.reduce((sum, { tenures }) => {
    const overlapping = tenures.filter(({ initialiseFromSeconds }, i) => {
      const until = tenures[i - 1]?.until
      if (until === undefined) return false
      const end = until.kind === 'time' ? until.atSeconds : until.expectedSeconds
      return end > initialiseFromSeconds
    })
    return sum + overlapping.length
  }, 0)
}

for (const model of gpuModels) {
  test(`every plan with takeovers on ${model.id} is legal`, () => {
    for (let seed = 0; seed < 4; seed += 1) {
      const options = {
        gpuModelIds: [model.id],
        tenantCount: 2 + (seed % 2),
        hasRunning: seed % 2 === 1,
        hasBlocked: seed === 3,
        residenceSlots: seed === 2 ? 3 : 0,
      }
      const problem = problemOf(seed, `takeovers ${model.id}`, options)
      const onIncumbent = ({ plan }: { readonly plan: Plan }) =>
        expect(checkPlan(problem, plan), `seed ${seed}`).toEqual({ kind: 'legal' })
      expect(planPath(problem, { stepsMax: 2e6, onIncumbent }).status).not.toBe('infeasible')
    }
  })
}

test('plans of several GPUs with takeovers are legal', () => {
  for (let seed = 0; seed < 4; seed += 1) {
    const gpuModelIds = seed % 2 === 0 ? ['a100-80gb', 'a30'] : ['a30', 'a30']
    const problem = problemOf(seed, 'several with takeovers', { gpuModelIds, tenantCount: 4 })
    const onIncumbent = ({ plan }: { readonly plan: Plan }) =>
      expect(checkPlan(problem, plan), `seed ${seed}`).toEqual({ kind: 'legal' })
    expect(planPath(problem, { stepsMax: 3e6, onIncumbent }).status).not.toBe('infeasible')
  }
})

test('a warm start with takeovers is taken in as it is', () => {
  let taken = 0
  for (let seed = 0; seed < 60; seed += 1) {
    const problem = problemOf(seed, 'warm takeovers', { slotCount: 40, tenantCount: 3 })
    const incumbent = lendWhereItFits(problem, randomPlan(new Rng(seed), problem, 60))
    expect(checkPlan(problem, incumbent), `seed ${seed}`).toEqual({ kind: 'legal' })
    taken += takeoversIn(incumbent)
    const outcome = planPath(problem, { stepsMax: 1, incumbent })
    if (outcome.status === 'infeasible') throw new Error(outcome.reason)
    expect(checkPlan(problem, outcome.plan)).toEqual({ kind: 'legal' })
    const least = worthOf(problem, incumbent) * (1 - 1e-9)
    expect(worthOf(problem, outcome.plan), `seed ${seed}`).toBeGreaterThanOrEqual(least)
  }
  expect(taken).toBeGreaterThan(10)
})

test('no bound is below the best plan with takeovers, and that is nearly found', () => {
  let lost = 0
  const count = 60
  for (let seed = 0; seed < count; seed += 1) {
    const warmUpSlots = 1 + (seed % 2)
    const hasRunning = seed % 3 === 0
    const gpu = seed % 2 === 0 ? { gpuModelIds: ['a30'], profileIds: [5, 0] } : threeSlices
    const options = { ...gpu, size: 'small', slotCount: 5, warmUpSlots, hasRunning } as const
    const problem = problemOf(seed, 'oracle', options)
    const best = searchExhaustively(problem)
    if (best.kind === 'none') throw new Error(best.reason)
    const most = best.objective + best.terminal
    const { bound, worth } = boundedPlan(problem, 3e6)
    expect(bound, `seed ${seed}`).toBeGreaterThanOrEqual(most * (1 - 1e-9))
    expect(worth, `seed ${seed}`).toBeLessThanOrEqual(most * (1 + 1e-9))
    lost += most > 0 ? (most - worth) / most : 0
  }
  expect(lost / count).toBeLessThan(0.01)
})

test('no bound of a whole window is below a plan of more work, or by chance', () => {
  for (let seed = 0; seed < 4; seed += 1) {
    const problem = problemOf(seed, 'whole', { tenantCount: 2, hasRunning: seed % 2 === 0 })
    const few = boundedPlan(problem, 3e6)
    const many = boundedPlan(problem, 1.5e7)
    expect(few.bound).toBeGreaterThanOrEqual(many.worth)
    for (let i = 0; i < 5; i += 1) {
      const plan = lendWhereItFits(problem, randomPlan(new Rng(i, `whole ${seed}`), problem))
      expect(few.bound).toBeGreaterThanOrEqual(worthOf(problem, plan))
    }
  }
})

test('nor is a bound of several GPUs', () => {
  for (let seed = 0; seed < 3; seed += 1) {
    const gpuModelIds = ['a30', 'a30']
    const problem = problemOf(seed, 'bounds of several', { gpuModelIds, tenantCount: 4 })
    const few = boundedPlan(problem, 2e6)
    expect(few.bound).toBeLessThan(Number.POSITIVE_INFINITY)
    expect(few.bound).toBeGreaterThanOrEqual(boundedPlan(problem, 1e7).worth)
  }
})

/** Two or one of few places each, so that every plan can be tried. */
const threeSlices = { gpuModelIds: ['a100-80gb'], profileIds: [9, 0] }
