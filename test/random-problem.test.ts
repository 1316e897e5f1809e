import fc from 'fast-check'
import { expect, test } from 'vitest'
import { must } from '../src/base/assert.ts'
import { Rng } from '../src/base/rng.ts'
import type { PlanningProblem } from '../src/core/plan/problem.ts'
import { randomProblem } from './random-problem.ts'

const seeds = fc.nat(1_000_000)

test('the same seed gives the same random problem', () => {
  const [a, b] = [1, 1].map((seed) => randomProblem(new Rng(seed), { size: 'small' }))
  expect(a).toEqual(b)
  expect(randomProblem(new Rng(2), { size: 'small' })).not.toEqual(a)
})

test('random problems are well-formed: arrays parallel, service tables monotone and shares', () => {
  fc.assert(
    fc.property(seeds, fc.constantFrom('small' as const, 'full' as const), (seed, size) => {
      const problem = randomProblem(new Rng(seed), { size })
      for (const tenant of problem.tenants) {
        expect(tenant.arrivals.meanRps.length).toBe(problem.slotCount)
        expect(tenant.accuracyDeployed.length).toBe(problem.slotCount)
        expect(tenant.serving.length).toBe(problem.classes.length)
        for (const { accuracyAfter, secondsByClass } of tenant.retraining) {
          expect(accuracyAfter.length).toBe(problem.slotCount)
          expect(secondsByClass.length).toBe(problem.classes.length)
        }
        expect(isMonotone(tenant.service)).toBe(true)
      }
    }),
    { numRuns: 30 },
  )
})

test('among random problems are all the situations that a planner must handle', () => {
  const problems = Array.from({ length: 200 }, (_, seed) =>
    randomProblem(new Rng(seed), { size: 'small' }),
  )
  const has = (what: (problem: PlanningProblem) => boolean) => problems.filter(what).length > 5
  expect(has(({ isFirstLayoutFree }) => isFirstLayoutFree)).toBe(true)
  expect(has(({ running }) => running.some(({ worker }) => worker === null))).toBe(true)
  expect(
    has(({ running }) => running.some(({ worker }) => (worker?.readyInSeconds ?? 0) > 0)),
  ).toBe(true)
  expect(
    has(({ tenants }) => tenants.some(({ underWay }) => (underWay?.instanceId ?? null) !== null)),
  ).toBe(true)
  expect(has(({ tenants }) => tenants.some(({ underWay }) => underWay?.instanceId === null))).toBe(
    true,
  )
  expect(has(({ gpus }) => gpus.some(({ blocked }) => blocked.length > 0))).toBe(true)
  expect(has(({ residenceSecondsMin }) => residenceSecondsMin > 0)).toBe(true)
  expect(has(({ tenants }) => tenants.some(({ serving }) => serving.includes(null)))).toBe(true)
})

function isMonotone({ loads, sets }: PlanningProblem['tenants'][number]['service']): boolean {
  return sets.every(
    ({ capacityRps, inTimeShare }) =>
      capacityRps > 0 &&
      inTimeShare.length === loads.length &&
      inTimeShare.every((share, i) => {
        const before = i === 0 ? 1 : must(inTimeShare[i - 1])
        return share >= 0 && share <= before
      }),
  )
}
