import { expect, test } from 'vitest'
import { tinyProblem } from '../../test/tiny-problem.ts'
import { keepLayoutPlan } from '../core/plan/keep-layout-plan.ts'
import type { PlanOutcome } from '../core/plan/outcome.ts'
import { explanationOf, planJson, planText, worthOf } from './plan-report.ts'
import type { PlannedWindow, Planning } from './plan-window.ts'
import { nothingSeen, progressLine, seenWith } from './planning-progress.ts'

const worker = { tenant: 'a', role: 'inference', readyInSeconds: 0 } as const
const problem = {
  ...tinyProblem(),
  running: [{ id: 'old', gpu: 0, profileId: 9, start: 4, worker }],
}
const outcome: PlanOutcome = {
  status: 'feasible',
  plan: keepLayoutPlan(problem),
  objective: 0.36,
  bound: 0.5,
  gap: 0.14 / 0.36,
  work: { steps: 0, chargedSeconds: 0.4 },
}

function textOf(planned: PlannedWindow): string {
  return planText('test', planned, { value: worthOf(planned), explanation: undefined })
}

const planning: Planning = { seconds: 0.4, secondsMax: 1, ended: 'done', faults: [] }

test('how planning by the clock went is told, and how long it took', () => {
  expect(textOf({ problem, outcome, planning })).toContain('Planned in 0.40 s of 1 s.')
  expect(textOf({ problem, outcome, planning: null })).toContain('charged as 0.40 s')
})

test('a planner that failed, or had to be ended, is told of; its best plan is shown', () => {
  const faults = ['The thread ended with code 7']
  const failed = textOf({ problem, outcome, planning: { ...planning, ended: 'failed', faults } })
  expect(failed).toContain('Planning failed after 0.40 s (The thread ended with code 7)')
  expect(failed).toContain('AAAA')
  const ended = textOf({ problem, outcome, planning: { ...planning, ended: 'deadline' } })
  expect(ended).toContain('Planning was ended at its deadline of 1 s')
})

test('what cannot be planned is told with its reason, in words and as data', () => {
  const work = { steps: 0, chargedSeconds: 0 }
  const none = { status: 'infeasible', reason: 'a cannot have it', work } as const
  const planned = { problem, outcome: none, planning: null }
  expect(textOf(planned)).toContain('infeasible: a cannot have it')
  const report = { value: worthOf(planned), explanation: explanationOf(planned) }
  expect(planJson(planned, report)).toMatchObject({
    status: 'infeasible',
    reason: 'a cannot have it',
    plan: null,
    explanation: null,
  })
})

test('progress shows the best plan with the bound on plans that end like it', () => {
  const times = { seconds: 0.25, secondsMax: 1 }
  expect(progressLine(nothingSeen, times)).toBe('Planning, 0.3 s of 1 s: no plan yet')
  const plan = keepLayoutPlan(problem)
  const better = { id: 1, kind: 'incumbent', plan, objective: 0.4, terminal: 0.1 } as const
  const seen = seenWith(nothingSeen, better)
  expect(progressLine(seen, times)).toContain('best objective 0.40000, no bound yet')
  const worse = { ...better, objective: 0.3 }
  const told = seenWith(seenWith(seen, worse), { id: 1, kind: 'bound', total: 0.52 })
  expect(progressLine(told, times)).toContain('objective 0.40000, bound 0.42000, gap 5.00 %')
  expect(seenWith(told, { id: 1, kind: 'bound', total: Number.NaN })).toBe(told)
})
