import { describe, expect, test } from 'vitest'
import { shareProblemOf } from '../../../test/share-problem.ts'
import { siteOf } from '../../../test/site-of.ts'
import { tinyProblem } from '../../../test/tiny-problem.ts'
import { must } from '../../base/assert.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import { createEkya, createEkyaMig } from './ekya.ts'
import { ekyaOutcome } from './ekya-plan.ts'

const tiny = { ...tinyProblem(), isFirstLayoutFree: true }
const shared = shareProblemOf(tiny, 'mps')
const byTenths = { quantum: 10, accuracyMin: 0.4, passes: 'until-stable' } as const

/** `tenant role size …`, as planned from the start. */
function textOf(problem: PlanningProblem, quantum: number): readonly string[] {
  const settings = { ...byTenths, quantum }
  const outcome = ekyaOutcome(problem, 'test', { settings, memory: [] })
  if (outcome.status === 'infeasible') throw new Error(outcome.reason)
  return outcome.plan.instances
    .map(({ share, tenures }) => {
      const { tenant, role } = must(tenures[0])
      const size = share.kind === 'mps' ? `${share.percent} %` : `profile ${share.profileId}`
      return `${tenant} ${role.kind} ${size}`
    })
    .sort()
}

const loaded = (rps: number, problem: PlanningProblem = shared): PlanningProblem => ({
  ...problem,
  tenants: problem.tenants.map((own) => ({
    ...own,
    arrivals: { ...own.arrivals, meanRps: own.arrivals.meanRps.map(() => rps) },
  })),
})

describe('Ekya with tenants that answer requests', () => {
  test('gives all of the GPU away in tenths, every tenant something to serve with', () => {
    const shares = textOf(loaded(20), 10)
    const percents = shares.map((own) => Number(/(\d+) %/.exec(own)?.[1]))
    expect(percents.reduce((sum, percent) => sum + percent, 0)).toBe(100)
    expect(percents.every((percent) => percent % 10 === 0)).toBe(true)
    expect(shares.filter((own) => own.includes('inference'))).toHaveLength(2)
  })

  test('retrains where the load leaves room, not where it would cost more than it gains', () => {
    expect(textOf(loaded(15), 10).join()).toMatch(/retraining/)
    expect(textOf(loaded(500), 10).join()).not.toMatch(/retraining/)
  })

  test('a tenant that does not retrain serves with what it had for it, in one worker', () => {
    const [a, b] = shared.tenants
    const one = { ...shared, tenants: [must(a), { ...must(b), retraining: [] }] }
    expect(textOf(loaded(500, one), 10)).toHaveLength(2)
  })

  test('by MIG gives instances that some layout holds', () => {
    const shares = textOf(loaded(15, tiny), 1)
    expect(shares.length).toBeGreaterThanOrEqual(2)
    expect(shares.every((own) => own.includes('profile'))).toBe(true)
  })

  test('a retraining that runs keeps its share, and is no job', () => {
    const forecast = must(must(shared.tenants[1]).retraining[0])
    const worker = { tenant: 'b', role: 'retraining', readyInSeconds: 0 } as const
    const running = [{ id: 'host', gpu: 0, profileId: 35, start: 3, worker }]
    const [a, b] = shared.tenants
    const underWay = { forecast, instanceId: 'host', restoreSeconds: 0 }
    const problem = { ...shared, running, tenants: [must(a), { ...must(b), underWay }] }
    const shares = textOf({ ...problem, isFirstLayoutFree: false }, 10)
    expect(shares).toContain('b retraining 35 %')
    expect(shares.filter((own) => own.startsWith('b retraining'))).toHaveLength(1)
  })
})

describe('planning', () => {
  const outcomeWithin = (estimatesMax: number) => {
    const settings = { ...byTenths, estimatesMax }
    return ekyaOutcome(loaded(20), 'test', { settings, memory: [] })
  }

  test('is charged by the estimates that stealing took', () => {
    const { work, status } = outcomeWithin(1e5)
    expect(status).toBe('feasible')
    expect(work.steps).toBeGreaterThan(0)
    expect(work.chargedSeconds).toBeCloseTo(work.steps / 1e5, 12)
  })

  test('never takes more than its work, and still plans', () => {
    const whole = outcomeWithin(1e5)
    const half = Math.floor(whole.work.steps / 2)
    const cut = outcomeWithin(half)
    expect(cut.status).toBe('feasible')
    expect(cut.work.steps).toBeLessThanOrEqual(half)
  })

  test('reserves a second on one GPU: its plan comes into force that much later', () => {
    const context = { site: siteOf(tiny), solver: null, hindsight: null }
    const policy = createEkya(context)
    expect(policy.planningSecondsMax).toBe(1)
    const { work } = policy.plan(loaded(20))
    expect(work.chargedSeconds).toBeGreaterThan(0)
    expect(work.chargedSeconds).toBeLessThanOrEqual(1)
  })
})

test('the variants share what they are, and differ in mechanism', () => {
  const context = { site: siteOf(tiny), solver: null, hindsight: null }
  expect(createEkya(context)).toMatchObject({ name: 'ekya', mechanism: 'mps' })
  expect(createEkyaMig(context)).toMatchObject({ name: 'ekya-mig', mechanism: 'mig' })
  expect(createEkya(context).information.arrivals).toBe('last-window')
})
