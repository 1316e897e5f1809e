import { describe, expect, test } from 'vitest'
import { siteOf } from '../../test/site-of.ts'
import { tinyProblem } from '../../test/tiny-problem.ts'
import { must } from '../base/assert.ts'
import { checkPlan } from '../core/plan/check.ts'
import type { PlannedInstance } from '../core/plan/plan.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { createReactive, createReactiveMakeFirst } from './reactive.ts'

const tiny = tinyProblem()

/** One GPU as two instances that `a` holds, one of which `b` has come to need. */
function problemOf(needMiB: number, readyInSeconds = 0): PlanningProblem {
  const worker = { tenant: 'a', role: 'inference', readyInSeconds } as const
  const tenants = tiny.tenants.map((own) => ({
    ...own,
    retraining: [],
    arrivals: { ...own.arrivals, meanRps: own.arrivals.meanRps.map(() => 50) },
  }))
  const halves = { ...must(tiny.gpus[0]), profileIds: [9] }
  const needs = tenants.map(() => tiny.classes.map(() => needMiB))
  return {
    ...tiny,
    gpus: [halves],
    tenants,
    running: [0, 4].map((start) => ({ id: `at ${start}`, gpu: 0, profileId: 9, start, worker })),
    takeovers: {
      memoryMiB: tiny.classes.map(() => 10_000),
      inferenceMiB: needs,
      retrainingMiB: needs,
    },
  }
}

function planned(problem: PlanningProblem, create = createReactiveMakeFirst) {
  const outcome = create({ site: siteOf(problem), solver: null, hindsight: null }).plan(problem)
  if (outcome.status === 'infeasible') throw new Error(outcome.reason)
  expect(checkPlan(problem, outcome.plan)).toEqual({ kind: 'legal' })
  return outcome
}

const holders = (problem: PlanningProblem) =>
  must(planned(problem).plan.instances.find(isOfB)).tenures.map(
    ({ tenant, initialiseFromSeconds, until }) => [
      tenant,
      initialiseFromSeconds,
      until.kind === 'time' ? until.atSeconds : null,
    ],
  )

function isOfB({ tenures }: PlannedInstance): boolean {
  return tenures.some(({ tenant }) => tenant === 'b')
}

describe('a plan made without a thought of takeovers', () => {
  test('lets who serves as it begins stay until its successor on the instance does', () => {
    expect(holders(problemOf(5000))).toEqual([
      ['a', 100, 102],
      ['b', 100, 110],
    ])
  })

  test('is left as it is where memory holds one of them, or nobody serves yet', () => {
    expect(holders(problemOf(5001))).toEqual([['b', 100, 110]])
    expect(holders(problemOf(5000, 1))).toEqual([['b', 100, 110]])
  })

  test('is worth more by it', () => {
    const problem = problemOf(5000)
    const { objective } = planned(problem)
    expect(objective).toBeGreaterThan(planned(problem, createReactive).objective)
  })
})
