import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { must } from '../../src/base/assert.ts'
import { Rng } from '../../src/base/rng.ts'
import { checkPlan } from '../../src/core/plan/check.ts'
import { checkProblem } from '../../src/core/plan/check-problem.ts'
import type { PlanOutcome } from '../../src/core/plan/outcome.ts'
import type { PlanningProblem, PlanningTenant } from '../../src/core/plan/problem.ts'
import { valueOf } from '../../src/core/plan/value.ts'
import { planPath } from '../../src/planner/path/plan-path.ts'
import { planWindow } from '../../src/planner/plan-window.ts'
import { createHighsSolver } from '../../src/planner/solver/highs.ts'
import { noSolver, type Solver } from '../../src/planner/solver.ts'
import type { PlannerThread } from '../../src/runtime/planner-thread.ts'
import { built } from '../built.ts'
import { randomProblem } from '../random-problem.ts'
import { tinyProblem } from '../tiny-problem.ts'

/** What every planner promises, however odd the problem: a clear outcome, never a throw. */

let highs: Solver = noSolver
let thread: PlannerThread
beforeAll(async () => {
  highs = await createHighsSolver()
  const { createPlannerThread } = await built<typeof import('../../src/runtime/planner-thread.ts')>(
    'runtime/planner-thread.js',
  )
  thread = createPlannerThread()
})
afterAll(() => thread.close())

const settings = {
  policy: 'migrator',
  coarseSlotSeconds: 2,
  gapTarget: 0.01,
  workMax: 5_000,
  refineStepsMax: 200,
} as const

type Planner = (problem: PlanningProblem) => PlanOutcome | Promise<PlanOutcome>

const planners: readonly (readonly [string, Planner])[] = [
  ['planPath', (problem) => planPath(problem, { stepsMax: 3e5 })],
  ['planWindow', (problem) => planWindow(problem, highs, settings)],
  ['planWindow without a solver', (problem) => planWindow(problem, noSolver, settings)],
  ['the planner thread', planInThread],
]

/** Nothing may go wrong on the way; the deadline is for machines that have much else to do. */
async function planInThread(problem: PlanningProblem): Promise<PlanOutcome> {
  const answer = await thread.plan(problem, { secondsMax: 30, stepsMax: 3e5 })
  expect(answer).toMatchObject({ ended: 'done', faults: [] })
  return answer.outcome
}

/** Two tenants with 50 requests a second each on seven slices that answer 10 each. */
const tiny = tinyProblem()
const gpu = must(tiny.gpus[0])
const worker = { tenant: 'a', role: 'inference', readyInSeconds: 0 } as const

function withTenants(
  change: (tenant: PlanningTenant) => Partial<PlanningTenant>,
  base: PlanningProblem = tiny,
): PlanningProblem {
  return { ...base, tenants: base.tenants.map((own) => ({ ...own, ...change(own) })) }
}

const none = tiny.classes.map(() => null)
const silent = withTenants(({ arrivals }) => ({
  arrivals: { ...arrivals, meanRps: Array(10).fill(0) },
}))
const floors = (floor: number, base = tiny) =>
  withTenants(() => ({ sloAttainmentMin: floor }), base)

/** Odd, but not impossible: there is a legal plan, if only to do nothing. */
const plannable: readonly (readonly [string, PlanningProblem])[] = [
  ['as it should be', tiny],
  ['zero GPUs', { ...tiny, gpus: [], classes: tiny.classes }],
  ['zero GPUs and no classes', noClasses()],
  ['zero tenants', { ...tiny, tenants: [] }],
  ['zero arrivals', silent],
  ['zero arrivals with floors', floors(0.9, silent)],
  ['one tenant', { ...tiny, tenants: tiny.tenants.slice(0, 1) }],
  ['one slot', shortened(1)],
  ['no capacity anywhere', withTenants(() => ({ serving: none }))],
  ['no profile allowed', { ...tiny, gpus: [{ ...gpu, profileIds: [] }] }],
  [
    'every slice blocked',
    { ...tiny, gpus: [{ ...gpu, blocked: [{ start: 0, size: 8, reason: 'failed' }] }] },
  ],
  [
    'a running instance on blocked slices',
    {
      ...tiny,
      gpus: [{ ...gpu, blocked: [{ start: 4, size: 4, reason: 'drained' }] }],
      running: [{ id: 'old', gpu: 0, profileId: 9, start: 4, worker }],
    },
  ],
  [
    'a retraining that cannot finish',
    withTenants(({ retraining }) => ({
      retraining: retraining.map((own) => ({
        ...own,
        secondsByClass: own.secondsByClass.map(() => 1e6),
      })),
    })),
  ],
  ['a retraining that cannot even begin', withTenants(() => ({ retrainingStartSeconds: 1e6 }))],
  ['a retraining that runs nowhere', withTenants(nowhere)],
  ['a warm-up longer than the window', withTenants(() => ({ inferenceStartSeconds: 1e6 }))],
  ['requests worth nothing', withTenants(() => ({ valuePerAnswer: 0, weight: 0 }))],
  ['versions that are always wrong', withTenants(() => ({ accuracyDeployed: Array(10).fill(0) }))],
  [
    'a residence longer than the window',
    {
      ...tiny,
      residenceSecondsMin: 1e6,
      running: [{ id: 'old', gpu: 0, profileId: 9, start: 4, worker }],
    },
  ],
  ['far more requests than capacity', crowded()],
  ['no terminal value', { ...tiny, terminalSeconds: 0 }],
]

/** No plan can be legal: the reason names the tenant, its limit and what can be reached. */
const impossible: readonly (readonly [string, PlanningProblem, readonly RegExp[]])[] = [
  ['a floor above the GPU', floors(0.95), [/\ba\b/, /95/, /80/]],
  ['floors that only contradict each other', floors(0.7), [/\b[ab]\b/, /70/, /[345]\d(\.\d)? %/]],
  ['a floor with zero GPUs', floors(0.1, { ...tiny, gpus: [] }), [/\ba\b/, /10/]],
  [
    'a floor without capacity',
    withTenants(() => ({ serving: none, sloAttainmentMin: 0.2 })),
    [/\ba\b/, /20/],
  ],
]

/** Numbers that are none: the reason says which and where. */
const broken: readonly (readonly [string, PlanningProblem, readonly RegExp[]])[] = [
  ['NaN arrivals', arrivalsOf(Number.NaN), [/\ba\b/, /arrivals/, /NaN/]],
  ['infinite arrivals', arrivalsOf(Number.POSITIVE_INFINITY), [/\ba\b/, /arrivals/, /Infinity/]],
  ['negative arrivals', arrivalsOf(-1), [/\ba\b/, /arrivals/, /-1/]],
  ['a NaN value', withTenants(() => ({ valuePerAnswer: Number.NaN })), [/\ba\b/, /NaN/]],
  [
    'a NaN accuracy',
    withTenants(() => ({ accuracyDeployed: Array(10).fill(Number.NaN) })),
    [/\ba\b/, /accurac/, /NaN/],
  ],
  [
    'an infinite start',
    withTenants(() => ({ inferenceStartSeconds: Number.POSITIVE_INFINITY })),
    [/\ba\b/, /Infinity/],
  ],
  ['a NaN cost', { ...tiny, costs: { ...tiny.costs, createSeconds: Number.NaN } }, [/create/]],
  ['no slots', shortened(0), [/\b0 slots/]],
  ['a slot of no length', { ...tiny, slotSeconds: 0 }, [/\b0 s\b/]],
]

for (const [name, plan] of planners) {
  describe(name, () => {
    test.each(plannable)('%s: a legal plan and its value', async (_, problem) => {
      const outcome = await plan(problem)
      if (outcome.status === 'infeasible') throw new Error(outcome.reason)
      expect(checkPlan(problem, outcome.plan)).toEqual({ kind: 'legal' })
      const { objective } = valueOf(problem, outcome.plan)
      expect(outcome.objective).toBeCloseTo(objective, 12)
      expect(Number.isFinite(objective)).toBe(true)
      if (outcome.bound !== null) expect(outcome.bound).toBeGreaterThanOrEqual(objective - 1e-9)
    })

    test('as it should be: most of what the GPU can answer is answered', async () => {
      const outcome = await plan(tiny)
      if (outcome.status === 'infeasible') throw new Error(outcome.reason)
      // From slot 2 on, 70 of the 100 that arrive each second at 0.6 or better, worth 1 / 500 each.
      expect(outcome.objective).toBeGreaterThan((0.6 * 8 * 70 * 0.6) / 500)
    })

    test.each(impossible)('%s: no plan, and the reason', async (_, problem, words) => {
      const outcome = await plan(problem)
      if (outcome.status !== 'infeasible') throw new Error('There should be no plan')
      for (const word of words) expect(outcome.reason).toMatch(word)
    })

    test('contradictory floors: with the floors that it says would do, there is a plan', async () => {
      const outcome = await plan(floors(0.7))
      if (outcome.status !== 'infeasible') throw new Error('There should be no plan')
      const reached = [...outcome.reason.matchAll(/([ab]) ([\d.]+) % of the 70 %/g)]
      expect(reached.length).toBeGreaterThan(0)
      const lowered = new Map(reached.map(([, id, share]) => [id, Number(share) / 100]))
      const problem = withTenants(({ id }) => ({ sloAttainmentMin: lowered.get(id) ?? 0.7 }))
      expect((await plan(problem)).status).not.toBe('infeasible')
    })

    test.each(broken)('%s: no plan, and what is wrong', async (_, problem, words) => {
      const outcome = await plan(problem)
      if (outcome.status !== 'infeasible') throw new Error('There should be no plan')
      for (const word of words) expect(outcome.reason).toMatch(word)
    })
  })
}

test('whatever number is spoilt in a random problem, it is named before any planner sees it', () => {
  const rng = new Rng(1, 'spoilt')
  for (let seed = 0; seed < 60; seed += 1) {
    const problem = randomProblem(new Rng(seed, 'spoilt'), { size: 'small', hasRunning: true })
    const wrong = rng.uniform() < 0.5 ? Number.NaN : Number.POSITIVE_INFINITY
    const { spoilt, path } = spoil(problem, rng, wrong)
    const check = checkProblem(spoilt)
    expect(check.kind, path).toBe('infeasible')
  }
})

function shortened(slotCount: number): PlanningProblem {
  const cut = (values: readonly number[]) => values.slice(0, slotCount)
  const tenants = withTenants(({ arrivals, accuracyDeployed, retraining }) => ({
    arrivals: { ...arrivals, meanRps: cut(arrivals.meanRps) },
    accuracyDeployed: cut(accuracyDeployed),
    retraining: retraining.map((own) => ({ ...own, accuracyAfter: cut(own.accuracyAfter) })),
  })).tenants
  return { ...tiny, slotCount, tenants }
}

function noClasses(): PlanningProblem {
  return withTenants(
    ({ service, retraining }) => ({
      serving: [],
      service: { ...service, classCount: 0, sets: [] },
      retraining: retraining.map((own) => ({ ...own, secondsByClass: [] })),
    }),
    { ...tiny, gpus: [], classes: [] },
  )
}

function nowhere({ retraining }: PlanningTenant): Partial<PlanningTenant> {
  return { retraining: retraining.map((own) => ({ ...own, secondsByClass: none })) }
}

function crowded(): PlanningProblem {
  return withTenants(({ arrivals }) => ({
    arrivals: { ...arrivals, meanRps: Array(10).fill(1e9) },
  }))
}

function arrivalsOf(rate: number): PlanningProblem {
  return withTenants(({ arrivals }) => ({
    arrivals: { ...arrivals, meanRps: arrivals.meanRps.with(0, rate) },
  }))
}

/** The problem with one of its numbers replaced; not where any number would do. */
function spoil(problem: PlanningProblem, rng: Rng, wrong: number) {
  const paths: string[][] = []
  const walk = (value: unknown, path: string[]): void => {
    if (typeof value === 'number') paths.push(path)
    else if (typeof value === 'object' && value !== null) {
      for (const [key, part] of Object.entries(value)) walk(part, [...path, key])
    }
  }
  const { tenants, costs, slotSeconds, terminalSeconds } = problem
  walk({ tenants, costs, slotSeconds, terminalSeconds }, [])
  const told = paths.filter((path) => !path.some((key) => freeNumbers.includes(key)))
  const path = must(told[rng.integer(told.length)])
  const spoilt = structuredClone(problem)
  let at = spoilt as unknown as Record<string, unknown>
  for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>
  at[must(path.at(-1))] = wrong
  return { spoilt, path: path.join('.') }
}

/** Figures that no planner reads: they are for people, or for the data plane. */
const freeNumbers = [
  'backTestError',
  'accuracyUncertainty',
  'sloSeconds',
  'itemsPerRequest',
  'itemsMax',
  'latencySeconds',
  'capacityItemsPerSecond',
]
