import { describe, expect, test } from 'vitest'
import { tinyProblem } from '../../../test/tiny-problem.ts'
import { must } from '../../base/assert.ts'
import { checkPlan } from './check.ts'
import type { Plan } from './plan.ts'
import { coldBlocksOf } from './plan-blocks.ts'
import { type Block, planFromBlocks } from './plan-from-blocks.ts'
import type { PlanningProblem } from './problem.ts'
import { fitsBeside, lendWhereItFits } from './takeover.ts'
import { valueOf } from './value.ts'

/** One 1g.10gb of the tiny problem (U = 2, V = 3), running with a's worker, and 10 GiB. */
function problemOf(needMiB: number | null): PlanningProblem {
  const tiny = tinyProblem({ profileIds: [19] })
  const needs = tiny.tenants.map(() => [needMiB])
  const worker = { tenant: 'a', role: 'inference', readyInSeconds: 0 } as const
  return {
    ...tiny,
    running: [{ id: 'gi-1', gpu: 0, profileId: 19, start: 0, worker }],
    takeovers: { memoryMiB: [9728], inferenceMiB: needs, retrainingMiB: needs },
  }
}

const place = { gpu: 0, profileId: 19, start: 0 }
const inference = { kind: 'inference' } as const
const retraining = { kind: 'retraining', configurationId: 'full', resumes: false } as const

type Held = Omit<Block, 'place' | 'role'> & { role: Block['role']; untilSlot?: number }

function planOf(problem: PlanningProblem, blocks: readonly Held[]): Plan {
  return planFromBlocks(
    problem,
    'by hand',
    blocks.map((own) => ({ ...own, place }) as Block),
  )
}

const codesOf = (problem: PlanningProblem, plan: Plan) => {
  const check = checkPlan(problem, plan)
  return check.kind === 'legal' ? [] : check.breaches.map(({ code }) => code)
}

const inTimeOf = (problem: PlanningProblem, plan: Plan) =>
  valueOf(problem, plan).tenants.map(({ inTime }) => Math.round(inTime))

describe('a takeover', () => {
  const blocks = [
    { tenantIndex: 0, fromSlot: 0, untilSlot: 6, role: inference },
    { tenantIndex: 1, fromSlot: 4, untilSlot: 10, role: inference },
  ]

  test('is legal where memory holds both workers, and nobody serves less for it', () => {
    const problem = problemOf(4864)
    const plan = planOf(problem, blocks)
    expect(plan.instances).toHaveLength(1)
    expect(codesOf(problem, plan)).toEqual([])
    expect(inTimeOf(problem, plan)).toEqual([60, 40])
  })

  test.each([4865, null])('is a breach where a worker takes %s MiB of 9728', (needMiB) => {
    const problem = problemOf(needMiB)
    expect(codesOf(problem, planOf(problem, blocks))).toEqual(['tenures-cross'])
  })

  test('is a breach where nobody takes over', () => {
    const { takeovers: _, ...problem } = problemOf(1)
    expect(codesOf(problem, planOf(problem, blocks))).toEqual(['tenures-cross'])
  })

  test('ends when the next one serves, no later', () => {
    const problem = problemOf(1)
    const late = [{ ...must(blocks[0]), untilSlot: 7 }, must(blocks[1])]
    expect(codesOf(problem, planOf(problem, late))).toEqual(['tenures-cross'])
  })

  test('has to be over before the next one begins: never three workers', () => {
    const problem = problemOf(1)
    const third = { tenantIndex: 0, fromSlot: 5, untilSlot: 10, role: inference }
    const [first, second] = [must(blocks[0]), { ...must(blocks[1]), untilSlot: 7 }]
    expect(codesOf(problem, planOf(problem, [first, second, third]))).toEqual(['tenures-cross'])
    const later = planOf(problem, [first, { ...second, untilSlot: 8 }, { ...third, fromSlot: 6 }])
    expect(codesOf(problem, later)).toEqual([])
  })

  test('is none when it is carried out cold: the next one starts when it was to serve', () => {
    const problem = problemOf(1)
    const cold = coldBlocksOf(problem, planOf(problem, blocks))
    expect(cold).toMatchObject([
      { fromSlot: 0, untilSlot: 6 },
      { fromSlot: 6, untilSlot: 10 },
    ])
  })
})

describe('lending', () => {
  test('lets who serves go on until the next one does', () => {
    const problem = problemOf(1)
    const plan = planOf(problem, [
      { tenantIndex: 0, fromSlot: 0, untilSlot: 4, role: inference },
      { tenantIndex: 1, fromSlot: 4, untilSlot: 10, role: inference },
    ])
    const lent = lendWhereItFits(problem, plan)
    expect(codesOf(problem, lent)).toEqual([])
    expect(inTimeOf(problem, plan)).toEqual([40, 40])
    expect(inTimeOf(problem, lent)).toEqual([60, 40])
  })

  test('lets who serves go on until a retraining has its first step', () => {
    const problem = problemOf(1)
    const plan = planOf(problem, [
      { tenantIndex: 0, fromSlot: 0, untilSlot: 4, role: inference },
      { tenantIndex: 1, fromSlot: 4, role: retraining },
    ])
    const lent = lendWhereItFits(problem, plan)
    expect(codesOf(problem, lent)).toEqual([])
    expect(inTimeOf(problem, lent)).toEqual([70, 0])
    expect(coldBlocksOf(problem, lent)).toMatchObject([{ untilSlot: 4 }, { fromSlot: 4 }])
  })

  test('starts inference beside a retraining, to serve when that is done', () => {
    const tiny = problemOf(1)
    const problem = { ...tiny, slotCount: 20, tenants: longer(tiny, 20) }
    const plan = planOf(problem, [
      { tenantIndex: 0, fromSlot: 0, role: retraining },
      { tenantIndex: 1, fromSlot: 15, untilSlot: 20, role: inference },
    ])
    const lent = lendWhereItFits(problem, plan)
    expect(codesOf(problem, lent)).toEqual([])
    expect(inTimeOf(problem, plan)).toEqual([0, 30])
    expect(inTimeOf(problem, lent)).toEqual([30, 50])
  })

  test('lets who serves as the plan begins go on, though the plan gave it no time', () => {
    const problem = problemOf(1)
    const plan = planOf(problem, [{ tenantIndex: 1, fromSlot: 0, untilSlot: 10, role: inference }])
    const lent = lendWhereItFits(problem, plan)
    expect(codesOf(problem, lent)).toEqual([])
    expect(inTimeOf(problem, plan)).toEqual([0, 80])
    expect(inTimeOf(problem, lent)).toEqual([20, 80])
  })

  test('changes nothing where memory does not hold both', () => {
    const problem = problemOf(5000)
    const plan = planOf(problem, [
      { tenantIndex: 0, fromSlot: 0, untilSlot: 4, role: inference },
      { tenantIndex: 1, fromSlot: 4, untilSlot: 10, role: inference },
    ])
    expect(lendWhereItFits(problem, plan)).toEqual(plan)
  })
})

test('what nothing is known of fits beside nobody', () => {
  const own = { tenantIndex: 0, kind: 'inference' } as const
  const other = { tenantIndex: 1, kind: 'inference' } as const
  expect(fitsBeside(problemOf(null), 0, own, other)).toBe(false)
  expect(fitsBeside(problemOf(1), 1, own, other)).toBe(false)
  expect(fitsBeside(problemOf(1), 0, own, other)).toBe(true)
})

function longer({ tenants }: PlanningProblem, slots: number) {
  return tenants.map((tenant) => ({
    ...tenant,
    arrivals: { ...tenant.arrivals, meanRps: Array<number>(slots).fill(50) },
    accuracyDeployed: Array<number>(slots).fill(0.6),
    retraining: tenant.retraining.map((own) => ({
      ...own,
      accuracyAfter: Array<number>(slots).fill(0.8),
    })),
  }))
}
