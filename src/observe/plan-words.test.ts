import { expect, test } from 'vitest'
import { tinyProblem } from '../../test/tiny-problem.ts'
import { explainPlan } from '../core/plan/explain.ts'
import { keepLayoutPlan } from '../core/plan/keep-layout-plan.ts'
import { planFromBlocks } from '../core/plan/plan-from-blocks.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { planWords } from './plan-words.ts'

const worker = { tenant: 'a', role: 'inference', readyInSeconds: 0 } as const
const problem: PlanningProblem = {
  ...tinyProblem(),
  running: [{ id: 'old', gpu: 0, profileId: 9, start: 4, worker }],
}
const place = { gpu: 0, profileId: 9, start: 4 }
const role = { kind: 'inference' } as const

const words = (...args: Parameters<typeof explainPlan>) => planWords(args[0], explainPlan(...args))
const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ')

test('a change is told with its time, its instances, and what each tenant gains', () => {
  const plan = planFromBlocks(problem, 'test', [
    { place, tenantIndex: 0, fromSlot: 0, untilSlot: 4, role },
    { place, tenantIndex: 1, fromSlot: 4, untilSlot: 10, role },
  ])
  const text = oneLine(words(problem, plan))
  expect(text).toContain('104 s: 3g.40gb@4 of a makes room: 3g.40gb@4 serves b from 106 s')
  expect(text).toContain('worth −3.60 points by 110 s, and pays with the other changes only')
  expect(text).toContain('b +7.20 (120 more requests in time)')
  expect(text).toContain('a −10.80 (180 fewer requests in time)')
  expect(text).toMatch(
    /runner-up, keeping the layout as it is: objective 0\.36000; this plan has −3\.60 points/,
  )
})

test('a plan that changes nothing says so', () => {
  const text = words(problem, keepLayoutPlan(problem))
  expect(text).toMatch(/Changes of the layout.*\n {2}none/)
  expect(text).toContain('objective 0.36000, just what this plan is worth')
})

test('no line is longer than 100 columns, and each tenant is told what to expect', () => {
  const text = words(problem, keepLayoutPlan(problem))
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  expect(text).toMatch(/- a: 60\.0 % of 500 requests in time \(200 not\), accuracy 60\.0 %/)
  expect(text).toMatch(/- b: 0\.0 % of 500 requests/)
})

test('a change that brings nothing is only counted, and a better plan is called so', () => {
  const tenants = problem.tenants.map((own) => ({ ...own, valuePerAnswer: own.id === 'a' ? 1 : 0 }))
  const free = { ...place, start: 0 }
  const plan = planFromBlocks({ ...problem, tenants }, 'test', [
    { place: free, tenantIndex: 1, fromSlot: 0, untilSlot: 10, role },
    { place, tenantIndex: 0, fromSlot: 0, untilSlot: 5, role },
  ])
  const text = oneLine(words({ ...problem, tenants }, plan))
  expect(text).toContain('and 1 more that brings nothing')
  expect(text).toMatch(/keeping the layout as it is: .* so that one is better/)
  expect(text).not.toContain('+0.00 points')
})

test('another plan that breaks a rule is no choice, and the rule is named', () => {
  const tenants = problem.tenants.map((own) => ({ ...own, sloAttainmentMin: 0.3 }))
  const plan = planFromBlocks(problem, 'test', [
    { place, tenantIndex: 0, fromSlot: 0, untilSlot: 10, role },
    { place: { ...place, start: 0 }, tenantIndex: 1, fromSlot: 0, untilSlot: 10, role },
  ])
  const text = oneLine(words({ ...problem, tenants }, plan))
  expect(text).toMatch(/keeping the layout as it is is no choice: .*\bb\b/)
  expect(text).not.toContain('runner-up')
})

test('more room, and when requests are missed: what a person could change', () => {
  const plan = planFromBlocks(problem, 'test', [
    { place, tenantIndex: 0, fromSlot: 0, untilSlot: 10, role },
    { place: { ...place, start: 0 }, tenantIndex: 1, fromSlot: 0, untilSlot: 10, role },
  ])
  const text = oneLine(words(problem, plan))
  expect(text).toContain('GPU 0 is full in 100 % of the window')
  expect(text).toMatch(/more room would help a most: \+6\.00 points for one more 1g\.10gb/)
})
