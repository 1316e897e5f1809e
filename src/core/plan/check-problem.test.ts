import { describe, expect, test } from 'vitest'
import { randomProblem } from '../../../test/random-problem.ts'
import { tinyProblem } from '../../../test/tiny-problem.ts'
import { must } from '../../base/assert.ts'
import { Rng } from '../../base/rng.ts'
import { gpuModels } from '../mig/catalog.ts'
import { checkProblem, refusal } from './check-problem.ts'
import { reachableAttainment } from './floor-reach.ts'
import { keepLayoutPlan } from './keep-layout-plan.ts'
import type { PlanningProblem, PlanningTenant } from './problem.ts'
import { valueOf } from './value.ts'

const tiny = tinyProblem()
const [a, b] = tiny.tenants
const withA = (change: Partial<PlanningTenant>): PlanningProblem => ({
  ...tiny,
  tenants: [{ ...must(a), ...change }, must(b)],
})
const forecast = must(a?.retraining[0])
const service = must(a).service
const gpu = must(tiny.gpus[0])
const instance = { id: 'r', gpu: 0, profileId: 9, start: 4, worker: null }

test('well-formed problems are plannable, whatever the GPU and the state', () => {
  expect(checkProblem(tiny)).toEqual({ kind: 'plannable' })
  expect(refusal(tiny)).toBeNull()
  for (const { id } of gpuModels) {
    for (let seed = 0; seed < 8; seed += 1) {
      const problem = randomProblem(new Rng(seed, `check ${id}`), {
        size: 'full',
        gpuModelIds: [id],
      })
      expect(checkProblem(problem)).toEqual({ kind: 'plannable' })
    }
  }
})

describe('each defect is named with what was found and what would do', () => {
  const at = (values: readonly number[], i: number, value: number) => values.with(i, value)
  test.each<[string, PlanningProblem, RegExp]>([
    ['no slots', { ...tiny, slotCount: 0 }, /0 slots; a whole number from 1/],
    ['half a slot', { ...tiny, slotCount: 1.5 }, /1\.5 slots/],
    ['slots without length', { ...tiny, slotSeconds: 0 }, /lasts 0 s/],
    ['a start at NaN', { ...tiny, startSeconds: Number.NaN }, /starts at NaN s/],
    [
      'a cost below zero',
      { ...tiny, costs: { ...tiny.costs, createSeconds: -1 } },
      /createSeconds is -1; a finite number from 0/,
    ],
    ['an endless terminal', { ...tiny, terminalSeconds: Infinity }, /terminalSeconds is Infinity/],
    ['NaN as weight', withA({ weight: Number.NaN }), /Tenant a: weight is NaN/],
    [
      'NaN arrivals',
      withA({
        arrivals: { ...must(a).arrivals, meanRps: at(must(a).arrivals.meanRps, 3, Number.NaN) },
      }),
      /Tenant a: arrivals\.meanRps\[3\] is NaN/,
    ],
    [
      'infinite arrivals',
      withA({
        arrivals: { ...must(a).arrivals, meanRps: at(must(a).arrivals.meanRps, 0, Infinity) },
      }),
      /meanRps\[0\] is Infinity/,
    ],
    [
      'too few arrivals',
      withA({ arrivals: { ...must(a).arrivals, meanRps: [1, 2] } }),
      /has 2 values; one for each of 10 slots/,
    ],
    [
      'an accuracy above 1',
      withA({ accuracyDeployed: at(must(a).accuracyDeployed, 9, 1.2) }),
      /accuracyDeployed\[9\] is 1\.2; a number from 0 to 1/,
    ],
    ['a floor above 1', withA({ sloAttainmentMin: 1.5 }), /sloAttainmentMin is 1\.5/],
    ['a class too few', withA({ serving: [] }), /serving has 0 classes; 5/],
    [
      'a retraining of endless length',
      withA({ retraining: [{ ...forecast, secondsByClass: [Infinity, 1, 1, 1, 1] }] }),
      /retraining full takes Infinity s/,
    ],
    [
      'a NaN in a service table',
      withA({
        service: { ...service, sets: [{ ...must(service.sets[0]), capacityRps: Number.NaN }] },
      }),
      /service table, at instances .* is not a curve/,
    ],
    ['loads that do not ascend', withA({ service: { ...service, loads: [0, 0] } }), /ascend/],
    [
      'a running instance on no GPU',
      { ...tiny, running: [{ ...instance, gpu: 3 }] },
      /runs on GPU 3; there are 1/,
    ],
    [
      'a running instance where none can start',
      { ...tiny, running: [{ ...instance, start: 1 }] },
      /starts at 1; 3g\.40gb starts at 0,4/,
    ],
    [
      'a worker of nobody',
      {
        ...tiny,
        running: [{ ...instance, worker: { tenant: 'z', role: 'inference', readyInSeconds: 0 } }],
      },
      /works for z, which is no tenant/,
    ],
    [
      'blocked slices that are not there',
      { ...tiny, gpus: [{ ...gpu, blocked: [{ start: 7, size: 2, reason: 'failed' }] }] },
      /2 blocked memory slices from 7; it has 8/,
    ],
    ['an unknown profile', { ...tiny, gpus: [{ ...gpu, profileIds: [99] }] }, /profile 99/],
  ])('%s', (_, problem, words) => {
    const check = checkProblem(problem)
    if (check.kind === 'plannable') throw new Error('It is not plannable')
    expect(check.reason).toMatch(words)
    expect(refusal(problem)).toMatchObject({ status: 'infeasible', work: { steps: 0 } })
  })
})

describe('a floor that all GPUs together could not keep', () => {
  test('names the tenant, the floor and the most that can be reached', () => {
    // 50 a second arrive; 7 slices answer 10 each after 2 of 10 slots: 80 %.
    const check = checkProblem(withA({ sloAttainmentMin: 0.9 }))
    expect(check).toEqual({
      kind: 'infeasible',
      reason:
        'a cannot have 90 % of its requests answered in time in this window; ' +
        'with every GPU to itself it reaches at most 80 %, ' +
        'as no worker of it can serve before 102 s',
    })
    expect(checkProblem(withA({ sloAttainmentMin: 0.8 }))).toEqual({ kind: 'plannable' })
  })

  test('without a GPU, or where it cannot serve, it reaches nothing', () => {
    const floor = { sloAttainmentMin: 0.1 }
    const reasonOf = (problem: PlanningProblem) => {
      const check = checkProblem(problem)
      return check.kind === 'infeasible' ? check.reason : ''
    }
    expect(reasonOf({ ...withA(floor), gpus: [] })).toMatch(/there is no GPU it reaches at most 0/)
    const none = [null, null, null, null, null]
    expect(reasonOf(withA({ ...floor, serving: none }))).toMatch(/at most 0 %/)
  })

  test('nothing is asked of a tenant without requests', () => {
    const arrivals = { ...must(a).arrivals, meanRps: Array(10).fill(0) }
    const problem = { ...withA({ sloAttainmentMin: 0.9, arrivals }), gpus: [] }
    expect(checkProblem(problem)).toEqual({ kind: 'plannable' })
  })

  test('the bound is never below what a plan reaches', () => {
    for (let seed = 0; seed < 40; seed += 1) {
      const problem = randomProblem(new Rng(seed, 'reach'), { size: 'full', hasRunning: true })
      const { tenants } = valueOf(problem, keepLayoutPlan(problem))
      for (const [i, { sloAttainment }] of tenants.entries()) {
        const most = reachableAttainment(problem, must(problem.tenants[i]))
        expect(most ?? 0).toBeGreaterThanOrEqual((sloAttainment ?? 0) - 1e-9)
      }
    }
  })
})
