import { expect, test } from 'vitest'
import { tinyProblem } from '../../../test/tiny-problem.ts'
import { planWithBestEffort } from './best-effort.ts'
import { checkPlan } from './check.ts'
import { keepLayoutPlan } from './keep-layout-plan.ts'
import type { PlanOutcome } from './outcome.ts'
import type { PlanningProblem } from './problem.ts'

const work = { steps: 0, chargedSeconds: 0 }

/** Every tenant wants this share of so much load answered. */
function withFloor(sloAttainmentMin: number | null, rps: number): PlanningProblem {
  const problem = { ...tinyProblem(), isFirstLayoutFree: true }
  const tenants = problem.tenants.map((own) => ({
    ...own,
    sloAttainmentMin,
    arrivals: { ...own.arrivals, meanRps: own.arrivals.meanRps.map(() => rps) },
  }))
  return { ...problem, tenants }
}

/** Keeps what runs, and finds nothing where that misses a floor. */
function keeping(problem: PlanningProblem): PlanOutcome {
  const plan = keepLayoutPlan(problem)
  if (checkPlan(problem, plan).kind === 'illegal') {
    return { status: 'infeasible', reason: 'a floor is missed', work }
  }
  return { status: 'feasible', plan, objective: 0, bound: null, gap: null, work }
}

test('a plan that keeps the floors is the one, and nothing else is asked', () => {
  const problem = withFloor(null, 5)
  let asked = 0
  const { outcome, plan } = planWithBestEffort(problem, (own) => {
    asked += 1
    return keeping(own)
  })
  expect(asked).toBe(1)
  expect(outcome.status === 'feasible' && outcome.plan).toBe(plan)
})

test('the nearest plan that a policy found is carried out where none keeps the floors', () => {
  const problem = withFloor(0.9, 5)
  const nearest = keepLayoutPlan(problem)
  const infeasible = { status: 'infeasible', reason: 'a floor is missed', work } as const
  const { outcome, plan } = planWithBestEffort(problem, () => ({ ...infeasible, nearest }))
  expect(outcome.status).toBe('infeasible')
  expect(plan).toBe(nearest)
})

test('who found none is asked with lower floors, and for a plan of this very state', () => {
  const problem = withFloor(0.9, 1e6)
  const floors: (number | null)[] = []
  const { outcome, plan } = planWithBestEffort(problem, (own) => {
    floors.push(own.tenants[0]?.sloAttainmentMin ?? null)
    return keeping(own)
  })
  expect(outcome).toEqual({ status: 'infeasible', reason: 'a floor is missed', work })
  expect(floors[0]).toBe(0.9)
  expect(floors[1]).toBeGreaterThanOrEqual(0)
  expect(floors[1]).toBeLessThan(0.01)
  expect(floors[2]).toBeNull()
  const check = plan === null ? null : checkPlan(problem, plan)
  expect(check?.kind === 'illegal' && check.breaches.map(({ code }) => code)).toEqual([
    'below-floor',
    'below-floor',
  ])
})

test('without floors there is nothing to lower: what is infeasible stays so', () => {
  const problem = withFloor(null, 5)
  const infeasible = { status: 'infeasible', reason: 'no reason', work } as const
  expect(planWithBestEffort(problem, () => infeasible).plan).toBeNull()
})
