import { expect, test } from 'vitest'
import { randomProblem } from '../../../test/random-problem.ts'
import { Rng } from '../../base/rng.ts'
import { gpuModels } from '../../core/mig/catalog.ts'
import { checkPlan } from '../../core/plan/check.ts'
import { valueOf } from '../../core/plan/value.ts'
import { planPath } from './plan-path.ts'

const steps = 1e6

for (const model of gpuModels) {
  for (const profileIds of [undefined, model.profiles.map(({ profileId }) => profileId)]) {
    const which = profileIds === undefined ? 'base profiles' : 'all profiles'
    test(`every plan of random windows on ${model.id} with ${which} is legal`, () => {
      for (let seed = 0; seed < 3; seed += 1) {
        const rng = new Rng(seed, `legal ${model.id} ${which}`)
        const options = {
          size: 'full',
          gpuModelIds: [model.id],
          tenantCount: 1 + (seed % 3),
        } as const
        const problem = randomProblem(
          rng,
          profileIds === undefined ? options : { ...options, profileIds },
        )
        let plans = 0
        const outcome = planPath(problem, {
          stepsMax: steps,
          onIncumbent: ({ plan }) => {
            plans += 1
            expect(checkPlan(problem, plan)).toEqual({ kind: 'legal' })
          },
        })
        expect(plans).toBeGreaterThan(0)
        expect(outcome.status).not.toBe('infeasible')
      }
    })
  }
}

test('the same work gives the same plan, and more work is never worse', () => {
  for (let seed = 0; seed < 4; seed += 1) {
    const problem = randomProblem(new Rng(seed, 'more work'), { size: 'full', tenantCount: 2 })
    const worth = (stepsMax: number) => {
      const outcome = planPath(problem, { stepsMax })
      expect(planPath(problem, { stepsMax })).toEqual(outcome)
      if (outcome.status === 'infeasible') return Number.NEGATIVE_INFINITY
      const { objective, terminal } = valueOf(problem, outcome.plan)
      return objective + terminal
    }
    const worths = [1, 1e5, 1e6].map(worth)
    expect(worths).toEqual(worths.toSorted((a, b) => a - b))
  }
})

test('work goes over its limit by a piece at most, and ends where nothing is left to do', () => {
  for (let seed = 0; seed < 3; seed += 1) {
    const options = { size: 'full', tenantCount: 1 + seed, hasFloors: seed === 2 } as const
    const problem = randomProblem(new Rng(seed, 'limit'), options)
    const { work } = planPath(problem, { stepsMax: 5e6, gapTarget: 0 })
    expect(work.steps).toBeLessThanOrEqual(6e6)
  }
  const trivial = randomProblem(new Rng(0, 'trivial'), { size: 'small', slotCount: 3 })
  const { work } = planPath(trivial, { stepsMax: Number.POSITIVE_INFINITY, gapTarget: 0 })
  expect(work.steps).toBeLessThan(2e8)
})

test('it asks whether to stop between pieces of work, and stops', () => {
  const problem = randomProblem(new Rng(1, 'stop'), { size: 'full', tenantCount: 3 })
  for (const asksMax of [1, 2, 20]) {
    let asks = 0
    const shouldStop = () => {
      asks += 1
      return asks >= asksMax
    }
    const stepsMax = Number.POSITIVE_INFINITY
    const { work } = planPath(problem, { stepsMax, gapTarget: 0, shouldStop })
    expect(asks).toBe(asksMax)
    expect(work.steps).toBeLessThan(asksMax * 1e6)
  }
})
