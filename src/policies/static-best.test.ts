import { expect, test } from 'vitest'
import { randomHindsight } from '../../test/random-hindsight.ts'
import { siteOf } from '../../test/site-of.ts'
import { must } from '../base/assert.ts'
import { Rng } from '../base/rng.ts'
import type { Hindsight, RetrainingDone } from '../core/hindsight.ts'
import type { Plan } from '../core/plan/plan.ts'
import type { PlanningProblem, PlanningTenant, RunningInstance } from '../core/plan/problem.ts'
import { valueOf } from '../core/plan/value.ts'
import type { FixedInstance } from './fixed-instance.ts'
import { fixedLayoutOutcome } from './fixed-layout.ts'
import { createStaticBest } from './static-best.ts'
import { findStaticBest } from './static-best-search.ts'

function runOf(seed: number, tenantCount: number): Hindsight {
  const options = { size: 'full', tenantCount, windowCount: 4, slotCount: 20 } as const
  return randomHindsight(new Rng(seed), { ...options, slotSeconds: 10 })
}

/** What a run with this layout comes to, window by window, by the plans and their value. */
function replay(hindsight: Hindsight, layout: readonly FixedInstance[]): number {
  let before: Plan | null = null
  const histories: RetrainingDone[][] = must(hindsight.windows[0]).tenants.map(() => [])
  let goodput = 0
  for (const window of hindsight.windows.keys()) {
    const problem: PlanningProblem = problemAfter(hindsight, window, histories, before)
    const outcome = fixedLayoutOutcome(problem, 'replay', layout)
    if (outcome.status === 'infeasible') throw new Error(outcome.reason)
    before = outcome.plan
    goodput += valueOf(problem, before).objective
    note(before, problem, histories)
  }
  return goodput
}

/** The window's problem, when the last one's plan was carried out as planned. */
function problemAfter(
  hindsight: Hindsight,
  window: number,
  histories: readonly (readonly RetrainingDone[])[],
  before: Plan | null,
): PlanningProblem {
  const problem = must(hindsight.windows[window])
  const running = before === null ? [] : runningAfter(before)
  const tenants = problem.tenants.map((own, w): PlanningTenant => {
    const history = must(histories[w])
    const outlook = hindsight.outlook(w, window, history)
    const left = before === null ? null : leftOver(before, own.id)
    if (left === null) return { ...own, ...outlook }
    const made = { window: left.window, configurationId: left.configurationId }
    const after = hindsight.outlook(w, window, [...history, made])
    const forecast = {
      configurationId: left.configurationId,
      secondsByClass: problem.classes.map(() => left.seconds - problem.costs.checkpointSeconds),
      accuracyAfter: after.accuracyDeployed,
      accuracyTerminal: after.accuracyTerminal,
      accuracyUncertainty: 0,
    }
    const underWay = { forecast, instanceId: left.instanceId, restoreSeconds: 0 }
    return { ...own, ...outlook, underWay }
  })
  return { ...problem, running, tenants }
}

function runningAfter(plan: Plan): readonly RunningInstance[] {
  return plan.instances.flatMap(({ id, gpu, share, tenures }) => {
    if (share.kind !== 'mig') return []
    const last = must(tenures.at(-1))
    const end = last.until.kind === 'time' ? last.until.atSeconds : last.until.expectedSeconds
    const role = last.role.kind
    const worker = end >= plan.endSeconds ? { tenant: last.tenant, role, readyInSeconds: 0 } : null
    return [{ id, gpu, profileId: share.profileId, start: share.start, worker }]
  })
}

/** The retraining of a tenant that crosses the plan's end. */
function leftOver(plan: Plan, tenant: string) {
  for (const { id, tenures } of plan.instances) {
    for (const { tenant: own, role, until } of tenures) {
      if (own !== tenant || role.kind !== 'retraining' || until.kind === 'time') continue
      const seconds = until.expectedSeconds - plan.endSeconds
      const window = windowOf.get(`${tenant} ${role.configurationId}`)
      if (seconds > 1e-6) {
        const { configurationId } = role
        return { instanceId: id, configurationId, seconds, window: must(window) }
      }
    }
  }
  return null
}

const windowOf = new Map<string, number>()

/** Which retrainings were done in the window, and on whose labels those are that were begun. */
function note(plan: Plan, problem: PlanningProblem, histories: RetrainingDone[][]): void {
  for (const { tenures } of plan.instances) {
    for (const { tenant, role, until } of tenures) {
      if (role.kind !== 'retraining' || until.kind === 'time') continue
      const { configurationId, resumes } = role
      const key = `${tenant} ${configurationId}`
      if (!resumes) windowOf.set(key, problem.windowIndex)
      if (until.expectedSeconds > plan.endSeconds + 1e-6) continue
      const w = problem.tenants.findIndex(({ id }) => id === tenant)
      must(histories[w]).push({ window: must(windowOf.get(key)), configurationId })
    }
  }
}

test('the score of a layout is what the plans of its windows are worth', () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const hindsight = runOf(seed, 1 + (seed % 3))
    const best = findStaticBest(hindsight)
    expect(replay(hindsight, best.layout)).toBeCloseTo(best.score.goodput, 9)
  }
})

test('no other layout would have brought more', () => {
  const hindsight = runOf(7, 2)
  const best = findStaticBest(hindsight)
  expect(best.isExhaustive).toBe(true)
  const whole = [{ place: { gpu: 0, profileId: 0, start: 0 }, use: inferenceOf(0) }]
  const halves = [
    { place: { gpu: 0, profileId: 9, start: 0 }, use: inferenceOf(0) },
    { place: { gpu: 0, profileId: 9, start: 4 }, use: inferenceOf(1) },
  ]
  for (const layout of [whole, halves]) {
    expect(replay(hindsight, layout)).toBeLessThanOrEqual(best.score.goodput + 1e-12)
  }
})

test('a large site is searched locally, and is no worse than one tenant a GPU', () => {
  const options = { size: 'full', tenantCount: 4, windowCount: 2, slotCount: 20 } as const
  const gpuModelIds = ['a30', 'a100-80gb', 'a100-80gb', 'a100-80gb']
  const hindsight = randomHindsight(new Rng(1), { ...options, slotSeconds: 10, gpuModelIds })
  const best = findStaticBest(hindsight)
  expect(best.isExhaustive).toBe(false)
  const wholes = gpuModelIds.map((_, gpu): FixedInstance => {
    return { place: { gpu, profileId: 0, start: 0 }, use: inferenceOf(gpu) }
  })
  expect(best.score.goodput).toBeGreaterThanOrEqual(replay(hindsight, wholes))
})

test('static-best is an oracle, and plans nothing without hindsight', () => {
  const hindsight = runOf(1, 2)
  const problem = must(hindsight.windows[0])
  const context = { site: siteOf(problem), solver: null }
  const blind = createStaticBest({ ...context, hindsight: null })
  expect(blind.plan(problem).status).toBe('infeasible')
  const policy = createStaticBest({ ...context, hindsight })
  expect(policy.information).toEqual({ arrivals: 'truth', retraining: 'truth' })
  expect(policy.describe).toContain('Oracle')
  expect(policy.plan(problem).status).toBe('feasible')
})

function inferenceOf(tenant: number): FixedInstance['use'] {
  return { kind: 'inference', tenant }
}
