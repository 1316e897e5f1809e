import { expect, test } from 'vitest'
import { tinyProblem } from '../../../test/tiny-problem.ts'
import { must } from '../../base/assert.ts'
import { findGpuModel } from '../mig/catalog.ts'
import { shareModel } from '../mps/share-model.ts'
import { type BreachCode, checkPlan, planRules } from './check.ts'
import type { Plan, PlannedInstance, Tenure } from './plan.ts'
import { type Block, planFromBlocks } from './plan-from-blocks.ts'
import type { PlanningProblem } from './problem.ts'
import { stateHash } from './state-hash.ts'

type Case = { readonly problem: PlanningProblem; readonly plan: Plan }

const tiny = tinyProblem()
const inference = { kind: 'inference' } as const

/** 2g at 0 for `a`, 3g at 4 for the retraining of `b`, then for its inference. */
const blocks: readonly Block[] = [
  held({ profileId: 14, start: 0, tenantIndex: 0, slots: [0, 10] }),
  {
    place: { gpu: 0, profileId: 9, start: 4 },
    tenantIndex: 1,
    fromSlot: 0,
    role: { kind: 'retraining', configurationId: 'full', resumes: false },
  },
  held({ profileId: 9, start: 4, tenantIndex: 1, slots: [7, 10] }),
]

type Held = {
  readonly profileId: number
  readonly start: number
  readonly tenantIndex: number
  readonly slots: readonly [number, number]
}

function held({ profileId, start, tenantIndex, slots }: Held): Block {
  const place = { gpu: 0, profileId, start }
  return { place, tenantIndex, fromSlot: slots[0], untilSlot: slots[1], role: inference }
}

function caseOf(problem: PlanningProblem, own: readonly Block[] = blocks): Case {
  return { problem, plan: planFromBlocks(problem, 'test', own) }
}

/** The legal plan with its instance `index` changed. */
function withInstance(index: number, change: Partial<PlannedInstance>): Case {
  const { problem, plan } = caseOf(tiny)
  const instances = plan.instances.map((own, i) => (i === index ? { ...own, ...change } : own))
  return { problem, plan: { ...plan, instances } }
}

function withTenure(index: number, change: Partial<Tenure>, instance = 1): Case {
  const own = must(caseOf(tiny).plan.instances[instance])
  const tenures = own.tenures.map((tenure, i) => (i === index ? { ...tenure, ...change } : tenure))
  return withInstance(instance, { tenures })
}

function withTenant(change: Partial<PlanningProblem['tenants'][number]>): PlanningProblem {
  return { ...tiny, tenants: tiny.tenants.map((own, i) => (i === 1 ? { ...own, ...change } : own)) }
}

/** `b` retrains on the 3g at 4, with 6 s left. */
function underWay(): PlanningProblem {
  const forecast = { ...must(must(tiny.tenants[1]).retraining[0]), secondsByClass: [6, 6, 6, 6, 6] }
  const worker = { tenant: 'b', role: 'retraining', readyInSeconds: 0 } as const
  return {
    ...withTenant({ underWay: { forecast, instanceId: 'host', restoreSeconds: 0 } }),
    running: [{ id: 'host', gpu: 0, profileId: 9, start: 4, worker }],
  }
}

function resumed(profileId: number, start: number, fromSlot: number): Block {
  return {
    place: { gpu: 0, profileId, start },
    tenantIndex: 1,
    fromSlot,
    role: { kind: 'retraining', configurationId: 'full', resumes: true },
  }
}

/** Shares of 40 and 65 % can be given. */
const shared = tinyProblem({
  model: shareModel(must(findGpuModel('a100-80gb')), 'mps'),
  profileIds: [40, 65],
})

function shares(percents: readonly [number, number]): Case {
  const both = percents.map((percent, tenantIndex) =>
    held({ profileId: percent, start: tenantIndex, tenantIndex, slots: [0, 10] }),
  )
  return caseOf(shared, both)
}

/** Five compute slices on eight memory slices, so that the compute slices run out first. */
function narrow(): PlanningProblem {
  return tinyProblem({ model: { ...must(findGpuModel('a100-80gb')), computeSlices: 5 } })
}

/** For each rule a plan that breaks it, and nothing else. */
const planted: Readonly<Record<BreachCode, () => Case>> = {
  'wrong-state': () => ({ ...caseOf(tiny), problem: { ...tiny, terminalSeconds: 11 } }),
  'wrong-span': () => ({ problem: tiny, plan: { ...caseOf(tiny).plan, endSeconds: 111 } }),
  'duplicate-instance': () => withInstance(1, { id: 'gpu-0/2g.20gb@0/100' }),
  'unknown-gpu': () => withInstance(0, { gpu: 1 }),
  'mixed-mechanism': () => withInstance(0, { share: { kind: 'mps', percent: 20, client: 0 } }),
  'wrong-existing': () => withInstance(0, { existing: 'gone' }),
  'unknown-tenant': () => withTenure(0, { tenant: 'z' }, 0),
  'off-grid': () => withTenure(0, { serveFromSeconds: 102.5 }, 0),
  'outside-plan': () => withTenure(0, { until: { kind: 'time', atSeconds: 111 } }, 0),
  'tenures-cross': () => withTenure(1, { initialiseFromSeconds: 106, serveFromSeconds: 109 }),
  'wrong-end': () =>
    withTenure(
      0,
      { until: { kind: 'retraining-done', expectedSeconds: 110, latestSeconds: 110 } },
      0,
    ),
  'unknown-configuration': () =>
    withTenure(0, { role: { kind: 'retraining', configurationId: 'half', resumes: false } }),
  'retraining-twice': () => {
    const other = must(blocks[1])
    return caseOf(tiny, [...blocks, { ...other, place: { gpu: 0, profileId: 14, start: 2 } }])
  },
  'retraining-under-way': () =>
    caseOf(withTenant({ underWay: must(underWay().tenants[1]).underWay })),
  'unknown-profile': () => withInstance(0, { share: { kind: 'mig', profileId: 20, start: 0 } }),
  'impossible-start': () => withInstance(0, { share: { kind: 'mig', profileId: 14, start: 1 } }),
  'blocked-slices': () => {
    const gpu = must(tiny.gpus[0])
    const blocked = [{ start: 1, size: 1, reason: 'failed' }] as const
    return caseOf({ ...tiny, gpus: [{ ...gpu, blocked }] })
  },
  overlap: () => withInstance(0, { share: { kind: 'mig', profileId: 14, start: 4 } }),
  'compute-slices': () => {
    const problem = narrow()
    return caseOf(problem, [
      held({ profileId: 9, start: 0, tenantIndex: 0, slots: [0, 10] }),
      held({ profileId: 9, start: 4, tenantIndex: 1, slots: [0, 10] }),
    ])
  },
  'instance-count': () =>
    caseOf(tinyProblem({ profileIds: [19, 20] }), [
      held({ profileId: 20, start: 0, tenantIndex: 0, slots: [0, 10] }),
      held({ profileId: 20, start: 1, tenantIndex: 1, slots: [5, 10] }),
    ]),
  'media-engines': () =>
    caseOf(tinyProblem({ model: must(findGpuModel('rtx-pro-6000')), profileIds: [14, 65, 67] }), [
      held({ profileId: 65, start: 0, tenantIndex: 0, slots: [0, 10] }),
      held({ profileId: 67, start: 3, tenantIndex: 1, slots: [0, 10] }),
      held({ profileId: 14, start: 6, tenantIndex: 1, slots: [5, 10] }),
    ]),
  'warm-up': () => withTenure(0, { serveFromSeconds: 101 }, 0),
  residence: () =>
    caseOf({ ...tiny, residenceSecondsMin: 4 }, [
      held({ profileId: 14, start: 0, tenantIndex: 0, slots: [0, 5] }),
    ]),
  'cannot-serve': () => caseOf(withTenant({ serving: [null, null, null, null, null] })),
  'cannot-train': () => {
    const { problem, plan } = caseOf(tiny)
    const [full] = must(problem.tenants[1]).retraining
    const retraining = [{ ...must(full), secondsByClass: [null, null, null, null, null] }]
    const changed = withTenant({ retraining })
    return { problem: changed, plan: { ...plan, stateHash: stateHash(changed) } }
  },
  'resumed-in-place': () => caseOf(underWay(), [resumed(9, 4, 1)]),
  'retraining-length': () =>
    withTenure(0, {
      until: { kind: 'retraining-done', expectedSeconds: 106, latestSeconds: 108 },
    }),
  'retraining-too-late': () => {
    const [, retraining] = blocks
    return caseOf(tiny, [{ ...must(retraining), fromSlot: 7 }])
  },
  'below-floor': () => caseOf(withTenant({ sloAttainmentMin: 0.5 })),
  'impossible-percent': () => {
    const { problem, plan } = shares([40, 40])
    const [first, second] = plan.instances
    const share = { kind: 'mps', percent: 50, client: 0 } as const
    return { problem, plan: { ...plan, instances: [{ ...must(first), share }, must(second)] } }
  },
  'too-many-percent': () => shares([40, 65]),
}

test('a legal plan is legal', () => {
  const { problem, plan } = caseOf(tiny)
  expect(checkPlan(problem, plan)).toEqual({ kind: 'legal' })
  expect(plan.instances.map(({ tenures }) => tenures.length)).toEqual([1, 2])
})

test('a plan by MPS is legal up to 100 %, and held to the same rules of time and ability', () => {
  const { problem, plan } = shares([40, 40])
  expect(plan.mechanism).toBe('mps')
  expect(plan.instances[1]?.share).toEqual({ kind: 'mps', percent: 40, client: 1 })
  expect(checkPlan(problem, plan)).toEqual({ kind: 'legal' })
  const early = plan.instances.map((own) => ({
    ...own,
    tenures: own.tenures.map((tenure) => ({ ...tenure, serveFromSeconds: 100 })),
  }))
  const check = checkPlan(problem, { ...plan, instances: early })
  expect(check.kind === 'illegal' && check.breaches.map(({ code }) => code)).toEqual([
    'warm-up',
    'warm-up',
  ])
})

test('each rule has a test that breaks it', () => {
  expect(Object.keys(planted).sort()).toEqual(Object.keys(planRules).sort())
})

for (const [code, plant] of Object.entries(planted)) {
  test(`check finds what is wrong with a plan: ${code}`, () => {
    const { problem, plan } = plant()
    const check = checkPlan(problem, plan)
    const breaches = check.kind === 'illegal' ? check.breaches : []
    expect([...new Set(breaches.map((breach) => breach.code))]).toEqual([code])
    for (const { message } of breaches) expect(message).toMatch(/^\S.*[^.]$/)
  })
}

test('a breach names instance, tenant and second', () => {
  const { problem, plan } = must(planted['warm-up'])()
  expect(checkPlan(problem, plan)).toEqual({
    kind: 'illegal',
    breaches: [
      {
        code: 'warm-up',
        message:
          'Inference of a on gpu-0/2g.20gb@0/100 from 100 s serves at 101 s; it is ready at 102 s',
        instance: 'gpu-0/2g.20gb@0/100',
        tenant: 'a',
        atSeconds: 100,
      },
    ],
  })
})

test('an instance keeps its slices between its tenures', () => {
  const { problem, plan } = caseOf(tiny, [
    held({ profileId: 14, start: 0, tenantIndex: 0, slots: [0, 4] }),
    held({ profileId: 14, start: 0, tenantIndex: 0, slots: [7, 10] }),
  ])
  const [other] = caseOf(tiny, [held({ profileId: 19, start: 0, tenantIndex: 1, slots: [4, 7] })])
    .plan.instances
  const check = checkPlan(problem, { ...plan, instances: [...plan.instances, must(other)] })
  expect(check.kind === 'illegal' && check.breaches.map(({ code }) => code)).toEqual(['overlap'])
})

test('a plan that is blind to overhead may serve at once, an aware one may not', () => {
  const { problem, plan } = must(planted['warm-up'])()
  const isLegal = (own: Plan) => checkPlan(problem, own).kind === 'legal'
  const [inferenceOnly] = plan.instances
  const cold = { ...plan, instances: [must(inferenceOnly)] }
  expect(isLegal({ ...cold, overhead: 'blind' })).toBe(true)
  expect(isLegal(cold)).toBe(false)
})

test('what served when the problem began may be given up at any time', () => {
  const worker = { tenant: 'a', role: 'inference', readyInSeconds: 0 } as const
  const running = [{ id: 'old', gpu: 0, profileId: 14, start: 0, worker }]
  const problem = { ...tiny, residenceSecondsMin: 9, running }
  const { plan } = caseOf(problem, [
    held({ profileId: 14, start: 0, tenantIndex: 0, slots: [0, 1] }),
  ])
  expect(plan.instances[0]?.existing).toBe('old')
  expect(checkPlan(problem, plan).kind).toBe('legal')
})

test('a retraining under way continues where it runs, or restarts elsewhere', () => {
  const problem = underWay()
  const isLegal = (own: readonly Block[]) =>
    checkPlan(problem, planFromBlocks(problem, 'test', own)).kind === 'legal'
  expect(isLegal([resumed(9, 4, 0)])).toBe(true)
  expect(isLegal([resumed(9, 0, 1)])).toBe(true)
  expect(isLegal([])).toBe(true)
})
