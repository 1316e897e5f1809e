import { expect, test } from 'vitest'
import { tinyProblem } from '../../test/tiny-problem.ts'
import { must } from '../base/assert.ts'
import { checkPlan } from '../core/plan/check.ts'
import type { PlanningProblem, PlanningTenant } from '../core/plan/problem.ts'
import { planExhaustively } from './exhaustive.ts'

/** Four slots of the tiny problem on one GPU of 3g and 4g instances. */
function short(change: Partial<PlanningTenant> = {}): PlanningProblem {
  const tiny = tinyProblem({ profileIds: [9, 5] })
  const tenants = tiny.tenants.map((own) => ({
    ...own,
    arrivals: { ...own.arrivals, meanRps: own.arrivals.meanRps.slice(0, 4) },
    ...change,
  }))
  return { ...tiny, tenants, slotCount: 4, terminalSeconds: 0 }
}

test('with 50 requests a second each, the best is a 4g and a 3g, warmed up at once', () => {
  const outcome = planExhaustively(short({ retraining: [] }))
  expect(outcome).toMatchObject({ status: 'optimal', gap: 0 })
  if (outcome.status === 'infeasible') return
  // Two slots of warm-up, two of 40 + 30 answers a second at 0.6.
  expect(outcome.objective).toBeCloseTo((2 * 70 * 0.6) / 500, 12)
  expect(outcome.bound).toBe(outcome.objective)
  expect(checkPlan(short({ retraining: [] }), outcome.plan).kind).toBe('legal')
})

test('a terminal value makes the best plan retrain although it serves less', () => {
  const problem = { ...short(), slotCount: 4, terminalSeconds: 1000 }
  const outcome = planExhaustively(problem)
  if (outcome.status === 'infeasible') throw new Error(outcome.reason)
  const roles = outcome.plan.instances.flatMap(({ tenures }) =>
    tenures.map(({ role }) => role.kind),
  )
  expect(roles).toContain('retraining')
})

test('floors that no plan meets are infeasible', () => {
  const outcome = planExhaustively(short({ sloAttainmentMin: 0.9 }))
  expect(outcome).toMatchObject({ status: 'infeasible', reason: 'No plan meets every floor' })
})

test('a floor is met at the expense of the other tenant', () => {
  const problem = short({ retraining: [] })
  const [a, b] = problem.tenants
  const favoured = { ...must(a), valuePerAnswer: 1 }
  const floored = { ...must(b), sloAttainmentMin: 0.39 }
  const outcome = planExhaustively({ ...problem, tenants: [favoured, floored] })
  if (outcome.status === 'infeasible') throw new Error(outcome.reason)
  const large = outcome.plan.instances.find(({ share }) => {
    return share.kind === 'mig' && share.profileId === 5
  })
  expect(large?.tenures[0]?.tenant).toBe('b')
})
