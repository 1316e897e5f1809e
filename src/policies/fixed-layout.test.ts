import { expect, test } from 'vitest'
import { tinyProblem } from '../../test/tiny-problem.ts'
import { must } from '../base/assert.ts'
import type { Plan } from '../core/plan/plan.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import type { FixedInstance } from './fixed-instance.ts'
import { fixedLayoutOutcome } from './fixed-layout.ts'

const tiny = { ...tinyProblem(), isFirstLayoutFree: true }

/** 2g at 0 for `a`, 2g at 2 for `b`, the 3g at 4 to retrain. */
const layout: readonly FixedInstance[] = [
  { place: { gpu: 0, profileId: 14, start: 0 }, use: { kind: 'inference', tenant: 0 } },
  { place: { gpu: 0, profileId: 14, start: 2 }, use: { kind: 'inference', tenant: 1 } },
  { place: { gpu: 0, profileId: 9, start: 4 }, use: { kind: 'pool', tenants: [0, 1] } },
]

function planOf(problem: PlanningProblem): Plan {
  const outcome = fixedLayoutOutcome(problem, 'test', layout)
  if (outcome.status === 'infeasible') throw new Error(outcome.reason)
  return outcome.plan
}

function tenuresOf(plan: Plan): readonly string[] {
  return plan.instances.flatMap(({ tenures }) =>
    tenures.map(
      ({ tenant, role, initialiseFromSeconds: from }) => `${tenant} ${role.kind} ${from}`,
    ),
  )
}

test('inference is kept throughout, and the pool is handed on while it gains', () => {
  // From 107 on another one would not take its first step before the end.
  expect(tenuresOf(planOf(tiny))).toEqual([
    'a inference 100',
    'b inference 100',
    'a retraining 100',
  ])
})

test('a retraining that begins its work inside may cross the end', () => {
  const longer = { ...tiny, costs: { ...tiny.costs, createSeconds: 0, destroySeconds: 0 } }
  const tenants = tiny.tenants.map((own) => ({ ...own, retrainingStartSeconds: 1 }))
  expect(tenuresOf(planOf({ ...longer, tenants }))).toContain('b retraining 105')
})

test('retraining that only hurts is not done', () => {
  const tenants = tiny.tenants.map((own) => ({
    ...own,
    retraining: own.retraining.map((forecast) => ({
      ...forecast,
      accuracyAfter: forecast.accuracyAfter.map(() => 0.5),
      accuracyTerminal: 0.5,
    })),
  }))
  expect(tenuresOf(planOf({ ...tiny, tenants })).join()).not.toContain('retraining')
})

test('what runs goes on: instances keep their ids, a retraining its place', () => {
  const running = [
    { id: 'x', gpu: 0, profileId: 14, start: 0, worker: null },
    {
      id: 'y',
      gpu: 0,
      profileId: 9,
      start: 4,
      worker: { tenant: 'b', role: 'retraining', readyInSeconds: 0 } as const,
    },
  ]
  const forecast = must(must(tiny.tenants[1]).retraining[0])
  const underWay = { forecast, instanceId: 'y', restoreSeconds: 0 }
  const [a, b] = tiny.tenants
  const problem = { ...tiny, running, tenants: [must(a), { ...must(b), underWay }] }
  const plan = planOf({ ...problem, isFirstLayoutFree: false })
  expect(plan.instances.map(({ id, existing }) => [id, existing])).toContainEqual(['x', 'x'])
  const pool = must(plan.instances.find(({ id }) => id === 'y'))
  expect(pool.tenures[0]).toMatchObject({ tenant: 'b', role: { resumes: true } })
  expect(pool.tenures[0]?.serveFromSeconds).toBe(100)
})

test('an instance on blocked slices is left out', () => {
  const blocked = [{ start: 2, size: 1, reason: 'failed' as const }]
  const gpus = tiny.gpus.map((gpu) => ({ ...gpu, blocked }))
  expect(tenuresOf(planOf({ ...tiny, gpus }))).not.toContain('b inference 100')
})

test('a floor that the layout misses makes it infeasible, with the tenant and the share', () => {
  const tenants = tiny.tenants.map((own) => ({ ...own, sloAttainmentMin: 0.5 }))
  const outcome = fixedLayoutOutcome({ ...tiny, tenants }, 'test', layout)
  expect(outcome).toMatchObject({
    status: 'infeasible',
    reason: 'a has 0.4000 of its requests answered in time, not 0.5',
  })
})
