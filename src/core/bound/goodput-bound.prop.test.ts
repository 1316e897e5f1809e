import { describe, expect, test } from 'vitest'
import { randomPlan } from '../../../test/random-plan.ts'
import { randomProblem } from '../../../test/random-problem.ts'
import { shareProblemOf } from '../../../test/share-problem.ts'
import { must } from '../../base/assert.ts'
import { Rng } from '../../base/rng.ts'
import { planFromBlocks } from '../plan/plan-from-blocks.ts'
import type { PlanningProblem } from '../plan/problem.ts'
import { valueOf } from '../plan/value.ts'
import { gpuSupply } from './gpu-supply.ts'
import { pricedBound } from './priced-bound.ts'

/** The bound for a problem whose expectations are the truth, slots standing for seconds. */
function boundOf(problem: PlanningProblem): number {
  const { slotSeconds, slotCount } = problem
  const throughputs = problem.tenants.map(({ serving }) =>
    serving.map((own) => own?.capacityItemsPerSecond ?? 0),
  )
  const supply = gpuSupply(problem, throughputs)
  const tenants = problem.tenants.map((tenant) => {
    const { arrivals, valuePerAnswer, retraining, underWay, accuracyDeployed } = tenant
    const versions = [accuracyDeployed, ...retraining.map((own) => own.accuracyAfter)]
    const all = underWay === null ? versions : [...versions, underWay.forecast.accuracyAfter]
    const best = (t: number) => Math.max(...all.map((accuracies) => must(accuracies[t])))
    return {
      arrivals: arrivals.meanRps.map((rps) => rps * slotSeconds),
      values: Array.from({ length: slotCount }, (_, t) => valuePerAnswer * best(t)),
      items: [{ items: tenant.itemsPerRequest, share: 1 }],
      spillSeconds: 0,
    }
  })
  return pricedBound(tenants, (prices) => slotSeconds * supply(prices))
}

const seeds = Array.from({ length: 40 }, (_, seed) => seed)

describe('no plan is worth more than the bound', () => {
  test('by MIG', () => {
    for (const seed of seeds) {
      const rng = new Rng(seed, 'bound')
      const problem = randomProblem(rng, { size: 'small', load: 0.4 + rng.uniform() })
      const bound = boundOf(problem)
      for (let i = 0; i < 5; i += 1) {
        const { objective } = valueOf(problem, randomPlan(rng, problem))
        expect(objective, `seed ${seed}`).toBeLessThanOrEqual(bound * (1 + 1e-9))
      }
    }
  })

  test('by shares', () => {
    for (const seed of seeds.slice(0, 15)) {
      const rng = new Rng(seed, 'bound')
      const byMig = randomProblem(rng, { size: 'small', load: 0.4 + rng.uniform() })
      const problem = shareProblemOf({ ...byMig, running: [], isFirstLayoutFree: true }, 'mps')
      const bound = boundOf(problem)
      for (let i = 0; i < 5; i += 1) {
        const { objective } = valueOf(problem, randomPlan(rng, problem, 10))
        expect(objective, `seed ${seed}`).toBeLessThanOrEqual(bound * (1 + 1e-9))
      }
    }
  })
})

test('the bound is near what a whole GPU for one tenant is worth under overload', () => {
  const random = randomProblem(new Rng(5), {
    size: 'full',
    tenantCount: 1,
    slotCount: 20,
    load: 3,
    configurationsMax: 0,
    hasRunning: false,
  })
  const problem = { ...random, isFirstLayoutFree: true }
  const { gpus, slotCount } = problem
  const { model } = must(gpus[0])
  const whole = must(model.profiles.find(({ computeSlices }) => computeSlices === 7))
  const place = { gpu: 0, profileId: whole.profileId, start: 0 }
  const role = { kind: 'inference' } as const
  const block = { place, tenantIndex: 0, fromSlot: 0, untilSlot: slotCount, role }
  const { objective } = valueOf(problem, planFromBlocks(problem, 'test', [block]))
  const bound = boundOf(problem)
  expect(objective).toBeLessThanOrEqual(bound)
  expect(objective).toBeGreaterThan(0.6 * bound)
})
