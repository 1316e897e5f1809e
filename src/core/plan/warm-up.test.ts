import { expect, test } from 'vitest'
import { tinyProblem } from '../../../test/tiny-problem.ts'
import { must } from '../../base/assert.ts'
import type { PlanningProblem, PlanningTenant, RunningWorker } from './problem.ts'
import {
  continuedRetrainingSpan,
  inferenceServesFromSlot,
  inferenceWarmUpSlots,
  newRetrainingSpan,
  restartedRetrainingSpan,
  slotsFor,
  withoutOverhead,
} from './warm-up.ts'

const problem = tinyProblem()
const tenant = must(problem.tenants[0])
const oneSlice = problem.classes.findIndex(({ name }) => name.startsWith('1g'))

function withUnderWay(worker: RunningWorker): [PlanningProblem, PlanningTenant] {
  const forecast = { ...must(tenant.retraining[0]), secondsByClass: tenant.serving.map(() => 4) }
  const underWay = { forecast, instanceId: 'host', restoreSeconds: 1.5 }
  const running = [{ id: 'host', gpu: 0, profileId: 19, start: 0, worker }]
  return [
    { ...problem, running },
    { ...tenant, underWay },
  ]
}

test('seconds take whole slots, rounded up, and a billionth of a slot is forgiven', () => {
  expect(slotsFor(6, 1)).toBe(6)
  expect(slotsFor(6.2, 1)).toBe(7)
  expect(slotsFor(6.0000000005, 1)).toBe(6)
  expect(slotsFor(6.2, 10)).toBe(1)
  expect(slotsFor(0, 1)).toBe(0)
})

test('the warm-up of inference is create, destroy, start and cut-over', () => {
  expect(inferenceWarmUpSlots(problem, tenant)).toBe(2)
  expect(inferenceServesFromSlot(problem, tenant, 4, null)).toBe(6)
})

test('what runs already serves when its worker is ready, if held from the first slot on', () => {
  const worker: RunningWorker = { tenant: 'a', role: 'inference', readyInSeconds: 0.5 }
  const running = { id: 'x', gpu: 0, profileId: 19, start: 0, worker }
  expect(inferenceServesFromSlot(problem, tenant, 0, running)).toBe(1)
  expect(inferenceServesFromSlot(problem, tenant, 1, running)).toBe(3)
  const foreign = { ...running, worker: { ...worker, tenant: 'b' } }
  expect(inferenceServesFromSlot(problem, tenant, 0, foreign)).toBe(2)
})

test('the first layout of a run serves at once', () => {
  const first = { ...problem, isFirstLayoutFree: true }
  expect(inferenceServesFromSlot(first, tenant, 0, null)).toBe(0)
  expect(inferenceServesFromSlot(first, tenant, 1, null)).toBe(3)
})

test('a new retraining takes its warm-up, its work and a checkpoint', () => {
  const full = must(tenant.retraining[0])
  const spanOf = (p: PlanningProblem) => newRetrainingSpan(p, tenant, full, oneSlice)
  expect(spanOf(problem)).toEqual({ warmUpSlots: 3, slots: 15 })
  const costs = { ...problem.costs, checkpointSeconds: 0.5 }
  expect(spanOf({ ...problem, costs })).toEqual({ warmUpSlots: 3, slots: 16 })
})

test('a retraining under way continues when its worker is ready, without another warm-up', () => {
  const worker: RunningWorker = { tenant: 'a', role: 'retraining', readyInSeconds: 0.5 }
  const [running, own] = withUnderWay(worker)
  expect(continuedRetrainingSpan(running, own, oneSlice)).toEqual({ warmUpSlots: 1, slots: 5 })
})

test('a retraining that restarts elsewhere pays the warm-up and restores its checkpoint', () => {
  const worker: RunningWorker = { tenant: 'a', role: 'retraining', readyInSeconds: 0 }
  const [running, own] = withUnderWay(worker)
  expect(restartedRetrainingSpan(running, own, oneSlice)).toEqual({ warmUpSlots: 5, slots: 9 })
})

test('a problem without overhead needs no warm-up', () => {
  const worker: RunningWorker = { tenant: 'a', role: 'retraining', readyInSeconds: 2 }
  const [running, own] = withUnderWay(worker)
  const blind = withoutOverhead({ ...running, tenants: [own] })
  const blindTenant = must(blind.tenants[0])
  expect(inferenceWarmUpSlots(blind, blindTenant)).toBe(0)
  expect(continuedRetrainingSpan(blind, blindTenant, oneSlice)).toEqual({
    warmUpSlots: 0,
    slots: 4,
  })
  expect(restartedRetrainingSpan(blind, blindTenant, oneSlice)?.warmUpSlots).toBe(0)
})
