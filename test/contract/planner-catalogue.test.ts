import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { must } from '../../src/base/assert.ts'
import { Rng } from '../../src/base/rng.ts'
import { gpuModels } from '../../src/core/mig/catalog.ts'
import { checkPlan } from '../../src/core/plan/check.ts'
import { keepLayoutPlan } from '../../src/core/plan/keep-layout-plan.ts'
import type { PlanOutcome } from '../../src/core/plan/outcome.ts'
import type { Plan } from '../../src/core/plan/plan.ts'
import type { PlanningProblem } from '../../src/core/plan/problem.ts'
import { stateHash } from '../../src/core/plan/state-hash.ts'
import { valueOf } from '../../src/core/plan/value.ts'
import { planWindow } from '../../src/planner/plan-window.ts'
import { createHighsSolver } from '../../src/planner/solver/highs.ts'
import { noSolver, type Solver } from '../../src/planner/solver.ts'
import type { PlannerThread } from '../../src/runtime/planner-thread.ts'
import { built } from '../built.ts'
import { type RandomProblemOptions, randomProblem } from '../random-problem.ts'

/** Plans for every GPU that the catalogue knows, in every state that a node may be in. */

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
  coarseSlotSeconds: 20,
  gapTarget: 0.05,
  workMax: 1_500,
  refineStepsMax: 200,
} as const

type Kind = Omit<RandomProblemOptions, 'size'> & { readonly gpuCount?: number }

/** Each with all the profiles of the model, `+me` and `-me` among them, unless it says otherwise. */
const kinds: readonly Kind[] = [
  { tenantCount: 2, hasRunning: true, hasUnderWay: true },
  { tenantCount: 2, hasRunning: true, hasBlocked: true },
  { tenantCount: 3, hasBlocked: true, residenceSlots: 3, hasRunning: false },
  { tenantCount: 2, gpuCount: 2, hasRunning: true, hasBlocked: true },
]

function problemOf(modelId: string, kind: Kind): PlanningProblem {
  const { gpuCount = 1, ...options } = kind
  const profileIds = gpuModels
    .filter(({ id }) => id === modelId)
    .flatMap(({ profiles }) => profiles.map(({ profileId }) => profileId))
  const gpuModelIds = Array.from({ length: gpuCount }, () => modelId)
  const rng = new Rng(1, `catalogue ${modelId} ${JSON.stringify(kind)}`)
  const size = { size: 'full', slotCount: 40, slotSeconds: 5 } as const
  return randomProblem(rng, { ...size, profileIds, gpuModelIds, ...options })
}

/** J + T of a legal plan for the problem's state, told as it is. */
function worthOf(problem: PlanningProblem, outcome: PlanOutcome): number {
  if (outcome.status === 'infeasible') throw new Error(outcome.reason)
  const { plan, objective, bound } = outcome
  expect(checkPlan(problem, plan)).toEqual({ kind: 'legal' })
  expect(plan.stateHash).toBe(stateHash(problem))
  const value = valueOf(problem, plan)
  expect(objective).toBe(value.objective)
  if (bound !== null) expect(bound).toBeGreaterThanOrEqual(objective)
  return value.objective + value.terminal
}

async function inThread(problem: PlanningProblem, stepsMax: number, incumbent?: Plan) {
  const warm = incumbent === undefined ? {} : { incumbent }
  const answer = await thread.plan(problem, { secondsMax: 60, stepsMax, ...warm })
  expect(answer).toMatchObject({ ended: 'done', faults: [] })
  return answer.outcome
}

describe.each(gpuModels.map(({ id }) => id))('%s', (modelId) => {
  test.each(kinds)('plans of windows like %j are legal, however they are made', async (kind) => {
    const problem = problemOf(modelId, kind)
    const kept = valueOf(problem, keepLayoutPlan(problem))
    const outcome = await inThread(problem, 2e5)
    const worth = worthOf(problem, outcome)
    expect(worth).toBeGreaterThanOrEqual(kept.objective + kept.terminal)
    worthOf(problem, planWindow(problem, highs, settings))
    // With next to no work of its own, what was brought along is the answer.
    if (outcome.status === 'infeasible') return
    expect(worthOf(problem, await inThread(problem, 1, outcome.plan))).toBeGreaterThanOrEqual(worth)
  })
})

test('a plan of other GPUs, tenants or times that is brought along does no harm', async () => {
  for (const { id } of gpuModels) {
    const problems = kinds.map((kind) => problemOf(id, kind))
    for (const [i, problem] of problems.entries()) {
      const other = must(problems[(i + 1) % problems.length])
      const outcome = await inThread(problem, 1e4, keepLayoutPlan(other))
      const { objective, terminal } = valueOf(problem, keepLayoutPlan(problem))
      expect(worthOf(problem, outcome)).toBeGreaterThanOrEqual(objective + terminal)
    }
  }
})

test('the problems have what they are for: running and blocked instances, more than one GPU', () => {
  const all = gpuModels.flatMap(({ id }) => kinds.map((kind) => problemOf(id, kind)))
  const having = (has: (problem: PlanningProblem) => boolean) => all.filter(has).length
  expect(having(({ running }) => running.length > 0)).toBeGreaterThan(gpuModels.length)
  expect(having(({ gpus }) => must(gpus[0]).blocked.length > 0)).toBeGreaterThan(gpuModels.length)
  expect(having(({ tenants }) => tenants.some((own) => own.underWay !== null))).toBeGreaterThan(5)
  expect(having(({ gpus }) => gpus.length > 1)).toBe(gpuModels.length)
})
