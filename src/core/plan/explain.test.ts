import { expect, test } from 'vitest'
import { randomProblem } from '../../../test/random-problem.ts'
import { tinyProblem } from '../../../test/tiny-problem.ts'
import { must } from '../../base/assert.ts'
import { Rng } from '../../base/rng.ts'
import { planPath } from '../../planner/path/plan-path.ts'
import { checkPlan } from './check.ts'
import { explainPlan, type PlanExplanation } from './explain.ts'
import { type Block, planFromBlocks } from './plan-from-blocks.ts'
import type { PlanningProblem, PlanningTenant } from './problem.ts'
import { valueOf } from './value.ts'

/**
 * An A100 with base profiles, ten slots from 100 s; 50 requests a second each, 10 answered on each
 * compute slice; accuracy 0.6, 0.8 after retraining; U = 2, V = 3; a request counts 1 / 500.
 */
const tiny = tinyProblem()
const inference = { kind: 'inference' } as const

function serve(
  tenantIndex: number,
  [profileId, start]: readonly [number, number],
  [fromSlot, untilSlot]: readonly [number, number],
): Block {
  const place = { gpu: 0, profileId, start }
  return { place, tenantIndex, fromSlot, untilSlot, role: inference }
}

function explained(problem: PlanningProblem, blocks: readonly Block[]): PlanExplanation {
  const plan = planFromBlocks(problem, 'test', blocks)
  expect(checkPlan(problem, plan)).toEqual({ kind: 'legal' })
  return explainPlan(problem, plan)
}

const worker = { tenant: 'a', role: 'inference', readyInSeconds: 0 } as const
const warm: PlanningProblem = {
  ...tiny,
  running: [{ id: 'old', gpu: 0, profileId: 9, start: 4, worker }],
}

test('a change says who gains and who loses beside leaving things as they were', () => {
  // a has 3g from the start and gives it to b at slot 4, who serves from slot 6.
  const { changes } = explained(warm, [serve(0, [9, 4], [0, 4]), serve(1, [9, 4], [4, 10])])
  expect(changes).toHaveLength(1)
  const [change] = changes
  expect(change).toMatchObject({ atSeconds: 104, comparedUntilSeconds: 110, gpu: 0 })
  expect(change?.from).toMatchObject([
    { tenant: 'a', profile: '3g.40gb', start: 4, atSeconds: 104 },
  ])
  expect(change?.to).toMatchObject([{ tenant: 'b', atSeconds: 104, servesFromSeconds: 106 }])
  const [a, b] = must(change).effects
  expect(a).toMatchObject({ tenant: 'a', terminal: 0 })
  expect(a?.inTime).toBeCloseTo(-6 * 30)
  expect(a?.objective).toBeCloseTo((-6 * 30 * 0.6) / 500)
  expect(b?.inTime).toBeCloseTo(4 * 30)
  expect(change?.net).toBeCloseTo(((-6 + 4) * 30 * 0.6) / 500)
})

test('a takeover is a change from who serves on beside the next one', () => {
  const needs = warm.tenants.map(() => warm.classes.map(() => 1000))
  const memoryMiB = warm.classes.map(() => 2000)
  const roomy = { ...warm, takeovers: { memoryMiB, inferenceMiB: needs, retrainingMiB: needs } }
  const { changes } = explained(roomy, [serve(0, [9, 4], [0, 6]), serve(1, [9, 4], [4, 10])])
  expect(changes).toHaveLength(1)
  expect(changes[0]?.from).toMatchObject([{ tenant: 'a', profile: '3g.40gb', atSeconds: 106 }])
  const [a, b] = must(changes[0]).effects
  expect([a?.inTime, b?.inTime].map((own) => Math.round(own ?? 0))).toEqual([-4 * 30, 4 * 30])
})

test('what begins on idle slices is compared with leaving them idle', () => {
  const { changes } = explained(warm, [serve(0, [9, 4], [0, 10]), serve(1, [9, 0], [3, 10])])
  expect(changes).toMatchObject([{ atSeconds: 103, from: [], comparedUntilSeconds: 110 }])
  expect(changes[0]?.effects).toMatchObject([{ tenant: 'b' }])
  expect(changes[0]?.net).toBeCloseTo((5 * 30 * 0.6) / 500)
})

test('several instances on the slices of one are one change', () => {
  const { changes } = explained(warm, [
    serve(0, [9, 4], [0, 4]),
    serve(1, [14, 4], [4, 10]),
    serve(0, [19, 6], [4, 10]),
  ])
  expect(changes).toHaveLength(1)
  expect(changes[0]?.to.map(({ tenant, profile }) => [tenant, profile])).toEqual([
    ['b', '2g.20gb'],
    ['a', '1g.10gb'],
  ])
})

test('a running instance that the plan does not keep is given up at once', () => {
  const { changes } = explained(warm, [serve(1, [9, 4], [0, 10])])
  expect(changes).toMatchObject([
    { atSeconds: 100, from: [{ tenant: 'a' }], to: [{ tenant: 'b' }] },
  ])
  const a = must(changes[0]?.effects[0])
  expect(a.inTime).toBeCloseTo(-10 * 30)
})

test('a retraining brings its gain of accuracy, in the window and after it', () => {
  const role = { kind: 'retraining', configurationId: 'full', resumes: false } as const
  const retraining = {
    place: { gpu: 0, profileId: 5, start: 0 },
    tenantIndex: 0,
    fromSlot: 1,
    role,
  }
  // V = 3 slots and 12 / 4 of work: done in slot 7, three slots before the end.
  const { changes, tenants } = explained(warm, [serve(0, [9, 4], [0, 10]), retraining])
  expect(changes).toHaveLength(1)
  expect(changes[0]?.to).toMatchObject([
    { role: 'retraining', outcome: { kind: 'begun', doneSeconds: 107 } },
  ])
  const [a] = must(changes[0]).effects
  expect(a?.objective).toBeCloseTo((3 * 30 * 0.2) / 500)
  expect(a?.terminal).toBeCloseTo((10 * 50 * 0.2) / 500)
  expect(tenants[0]?.retraining).toMatchObject({ configurationId: 'full', doneSeconds: 107 })
  expect(tenants[0]?.retraining?.accuracyGain).toBeCloseTo(0.2)
})

test('the runner-up is the best of the other legal plans', () => {
  const plan = planFromBlocks(warm, 'test', [serve(0, [9, 4], [0, 10]), serve(1, [9, 0], [0, 10])])
  const empty = { name: 'nothing', plan: planFromBlocks(warm, 'test', []) }
  const { alternatives } = explainPlan(warm, plan, [empty])
  expect(alternatives).toMatchObject([
    { name: 'keep-layout', isLegal: true },
    { name: 'nothing', isLegal: true, objective: 0 },
  ])
  expect(alternatives[0]?.objective).toBeCloseTo((10 * 30 * 0.6) / 500)
})

test('limits are told: room, warm-up, a floor just kept, a retraining that is left out', () => {
  const floored = tiny.tenants.map((own): PlanningTenant => {
    return own.id === 'a' ? { ...own, sloAttainmentMin: 0.32 } : { ...own, retraining: [] }
  })
  const problem = { ...tiny, tenants: floored }
  const { limits } = explained(problem, [serve(0, [5, 0], [0, 10]), serve(1, [9, 4], [0, 10])])
  expect(limits).toMatchObject([
    { kind: 'room', gpu: 0, seconds: 10 },
    { kind: 'warm-up', changes: 2, share: 0.2 },
    { kind: 'no-retraining', tenant: 'a', reason: 'no-room' },
  ])
  const low = explained({ ...problem, tenants: floored }, [serve(0, [14, 0], [0, 10])])
  expect(low.limits).toContainEqual({
    kind: 'floor',
    tenant: 'a',
    sloAttainmentMin: 0.32,
    sloAttainment: 0.32,
  })
})

test('why a tenant does not retrain: no gain, nowhere to run, too long', () => {
  const reasonWith = (change: (own: PlanningTenant) => Partial<PlanningTenant>) => {
    const tenants = tiny.tenants.map((own) => ({ ...own, ...change(own) }))
    const { limits } = explained({ ...tiny, tenants }, [serve(0, [9, 4], [0, 10])])
    return limits.find(({ kind }) => kind === 'no-retraining')
  }
  const changed = (own: PlanningTenant, change: Partial<PlanningTenant['retraining'][number]>) =>
    own.retraining.map((forecast) => ({ ...forecast, ...change }))
  const worse = (own: PlanningTenant) => ({
    retraining: changed(own, { accuracyAfter: Array(10).fill(0.5), accuracyTerminal: 0.5 }),
  })
  expect(reasonWith(worse)).toMatchObject({ reason: 'no-gain', worth: 0 })
  const nowhere = (own: PlanningTenant) => ({
    retraining: changed(own, { secondsByClass: Array(5).fill(null) }),
  })
  expect(reasonWith(nowhere)).toMatchObject({ reason: 'cannot-run' })
  const late = () => ({ retrainingStartSeconds: 30 })
  expect(reasonWith(late)).toMatchObject({ reason: 'too-long' })
})

test('every plan of random windows can be explained, and the parts add up to its value', () => {
  for (let seed = 0; seed < 8; seed += 1) {
    const problem = randomProblem(new Rng(seed, 'explain'), { size: 'full', tenantCount: 2 })
    const outcome = planPath(problem, { stepsMax: 2e6 })
    if (outcome.status === 'infeasible') throw new Error(outcome.reason)
    const explanation = explainPlan(problem, outcome.plan)
    const { objective, terminal } = valueOf(problem, outcome.plan)
    expect(explanation).toMatchObject({ objective, terminal })
    for (const { atSeconds, comparedUntilSeconds, net, effects } of explanation.changes) {
      expect(comparedUntilSeconds).toBeGreaterThanOrEqual(atSeconds)
      expect(effects.reduce((sum, own) => sum + own.objective + own.terminal, 0)).toBeCloseTo(net)
    }
    expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation)
  }
})
