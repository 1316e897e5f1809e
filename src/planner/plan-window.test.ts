import { expect, test } from 'vitest'
import { tinyProblem } from '../../test/tiny-problem.ts'
import { must } from '../base/assert.ts'
import { checkPlan } from '../core/plan/check.ts'
import type { PlanOutcome } from '../core/plan/outcome.ts'
import type { PlanningProblem, PlanningTenant } from '../core/plan/problem.ts'
import { valueOf } from '../core/plan/value.ts'
import { planWindow } from './plan-window.ts'
import { createHighsSolver } from './solver/highs.ts'
import { noSolver, type Solver } from './solver.ts'

const highs = await createHighsSolver()
const tiny = tinyProblem()

function planned(problem: PlanningProblem, solver: Solver = highs): PlanOutcome {
  const outcome = planWindow(problem, solver, {
    policy: 'test',
    coarseSlotSeconds: 2,
    gapTarget: 0.001,
    workMax: 20_000,
    refineStepsMax: 2_000,
  })
  if (outcome.status === 'infeasible') return outcome
  expect(checkPlan(problem, outcome.plan)).toEqual({ kind: 'legal' })
  expect(outcome.objective).toBe(valueOf(problem, outcome.plan).objective)
  if (outcome.bound !== null) expect(outcome.bound).toBeGreaterThanOrEqual(outcome.objective)
  return outcome
}

function withTenants(
  change: (tenant: PlanningTenant, index: number) => Partial<PlanningTenant>,
): PlanningProblem {
  const tenants = tiny.tenants.map((tenant, index) => ({ ...tenant, ...change(tenant, index) }))
  return { ...tiny, tenants }
}

const quiet = { method: 'steady', meanRps: Array(10).fill(0), dispersion: 1, backTestError: null }

test('two tenants share the GPU, and the bound proves that nothing is left', () => {
  const problem = withTenants(() => ({ retraining: [] }))
  // From slot 2 on, 70 of the 100 that arrive each second at an accuracy of 0.6, worth 1 / 500.
  const outcome = planned(problem)
  expect(outcome.status).toBe('optimal')
  if (outcome.status === 'optimal') expect(outcome.objective).toBeCloseTo((8 * 70 * 0.6) / 500, 9)
})

test('a first layout that is free serves at once', () => {
  const problem = { ...withTenants(() => ({ retraining: [] })), isFirstLayoutFree: true }
  const outcome = planned(problem)
  expect(outcome.status).toBe('optimal')
  if (outcome.status === 'optimal') expect(outcome.objective).toBeCloseTo((10 * 70 * 0.6) / 500, 9)
})

test('no arrivals: an empty plan, worth nothing, and nothing more to have', () => {
  const outcome = planned(withTenants(() => ({ arrivals: quiet, valuePerAnswer: 0 })))
  expect(outcome).toMatchObject({ status: 'optimal', objective: 0, bound: 0, gap: 0 })
})

test('one tenant gets the GPU', () => {
  const problem = { ...tiny, tenants: tiny.tenants.slice(0, 1) }
  const outcome = planned(problem)
  expect(outcome.status).not.toBe('infeasible')
  if (outcome.status !== 'infeasible')
    expect(outcome.objective).toBeGreaterThan((8 * 50 * 0.6) / 500)
})

test('no tenants: an empty plan', () => {
  const outcome = planned({ ...tiny, tenants: [] })
  expect(outcome).toMatchObject({ status: 'optimal', objective: 0, plan: { instances: [] } })
})

test('nobody can serve anywhere: an empty plan, and the bound says so', () => {
  const nowhere = tiny.classes.map(() => null)
  const outcome = planned(withTenants(() => ({ serving: nowhere, retraining: [] })))
  expect(outcome).toMatchObject({ status: 'optimal', objective: 0, plan: { instances: [] } })
})

test('a GPU that is blocked altogether: an empty plan', () => {
  const gpu = must(tiny.gpus[0])
  const blocked = [{ start: 0, size: gpu.model.memorySlices, reason: 'failed' }] as const
  const outcome = planned({ ...tiny, gpus: [{ ...gpu, blocked }] })
  expect(outcome).toMatchObject({ objective: 0, plan: { instances: [] } })
})

test('a single slot, too short for any warm-up: an empty plan', () => {
  const cut = (values: readonly number[]) => values.slice(0, 1)
  const problem = withTenants(({ arrivals, accuracyDeployed }) => ({
    arrivals: { ...arrivals, meanRps: cut(arrivals.meanRps) },
    accuracyDeployed: cut(accuracyDeployed),
    retraining: [],
  }))
  expect(planned({ ...problem, slotCount: 1 })).toMatchObject({ objective: 0 })
})

test('a floor above all GPUs together: the tenant, its floor and the most it reaches', () => {
  const floors = [0.1, 0.9]
  const outcome = planned(withTenants((_, index) => ({ sloAttainmentMin: must(floors[index]) })))
  if (outcome.status !== 'infeasible') throw new Error('There should be no plan')
  expect(outcome.reason).toBe(
    'b cannot have 90 % of its requests answered in time in this window; ' +
      'with every GPU to itself it reaches at most 80 %, as no worker of it can serve before 102 s',
  )
})

test('contradictory floors: the tenant, what it asks for and the nearest that was found', () => {
  const outcome = planned(withTenants(() => ({ sloAttainmentMin: 0.7 })))
  if (outcome.status !== 'infeasible') throw new Error('There should be no plan')
  expect(outcome.reason).toMatch(
    /^No plan was found that keeps every floor.*: the nearest gives [ab] \d+(\.\d)? % of the 70 %/,
  )
  expect(outcome.reason).toContain('(sloAttainmentMin) lowered to what it gives, there is a plan')
})

test('floors that can be kept are kept, even against Goodput', () => {
  const problem = withTenants((_, index) => ({
    valuePerAnswer: index === 0 ? 1 / 500 : 1e-9,
    sloAttainmentMin: index === 0 ? null : 0.4,
  }))
  const outcome = planned(problem)
  if (outcome.status === 'infeasible') throw new Error(outcome.reason)
  const { tenants } = valueOf(problem, outcome.plan)
  expect(tenants[1]?.sloAttainment).toBeGreaterThanOrEqual(0.4)
})

test('without a solver, or with one that breaks down, what runs is kept and refined', () => {
  const worker = { tenant: 'a', role: 'inference', readyInSeconds: 0 } as const
  const running = [
    { id: 'it', gpu: 0, profileId: must(tiny.classes[0]).profileId, start: 0, worker },
  ]
  const outcome = planned({ ...tiny, running }, noSolver)
  expect(outcome).toMatchObject({ status: 'feasible', bound: null, gap: null })
  if (outcome.status === 'infeasible') return
  expect(outcome.plan.instances.some(({ existing }) => existing === 'it')).toBe(true)
})

test('several GPUs: twice the tenants on twice the GPUs gain twice as much', () => {
  const problem = withTenants(() => ({ retraining: [] }))
  const copies = problem.tenants.map((tenant) => ({ ...tenant, id: `${tenant.id}2` }))
  const gpus = [must(tiny.gpus[0]), { ...must(tiny.gpus[0]), id: 'gpu-1' }]
  const outcome = planned({ ...problem, gpus, tenants: [...problem.tenants, ...copies] })
  if (outcome.status === 'infeasible') throw new Error(outcome.reason)
  expect(outcome.objective).toBeCloseTo((2 * 8 * 70 * 0.6) / 500, 9)
})
