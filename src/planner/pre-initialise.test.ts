import { expect, test } from 'vitest'
import { tinyProblem } from '../../test/tiny-problem.ts'
import { must } from '../base/assert.ts'
import { checkPlan } from '../core/plan/check.ts'
import type { Plan } from '../core/plan/plan.ts'
import { type Block, planFromBlocks } from '../core/plan/plan-from-blocks.ts'
import { stateHash } from '../core/plan/state-hash.ts'
import { valueOf } from '../core/plan/value.ts'
import { withoutOverhead } from '../core/plan/warm-up.ts'
import { preInitialise } from './pre-initialise.ts'

const problem = tinyProblem()
const profileIdOf = (name: string) =>
  must(problem.classes.find((kind) => kind.name.startsWith(name))).profileId

function inference(name: string, start: number, [fromSlot, untilSlot]: [number, number]): Block {
  const place = { gpu: 0, profileId: profileIdOf(name), start }
  return { place, tenantIndex: 0, role: { kind: 'inference' }, fromSlot, untilSlot }
}

function blindPlan(...blocks: readonly Block[]): Plan {
  const plan = planFromBlocks(withoutOverhead(problem), 'test', blocks)
  return { ...plan, overhead: 'blind', stateHash: stateHash(problem) }
}

/** Seconds from the problem's start at which each tenure is held from, in the plan's order. */
function heldFrom(plan: Plan): readonly number[] {
  return plan.instances.flatMap(({ tenures }) =>
    tenures.map((tenure) => tenure.initialiseFromSeconds - problem.startSeconds),
  )
}

test('an instance is built ahead by its warm-up where its slices are idle', () => {
  const cold = blindPlan(inference('2g', 0, [5, 10]))
  const ahead = preInitialise(problem, cold)
  expect([heldFrom(cold), heldFrom(ahead)]).toEqual([[5], [3]])
  expect(checkPlan(problem, ahead)).toEqual({ kind: 'legal' })
  const [before, after] = [valueOf(problem, cold), valueOf(problem, ahead)]
  expect(after.objective).toBeCloseTo((before.objective * 5) / 3, 9)
})

test('only as far as the slices are idle, and not before the problem begins', () => {
  const partly = blindPlan(inference('1g', 1, [0, 4]), inference('2g', 0, [5, 10]))
  expect(heldFrom(preInitialise(problem, partly))).toEqual([0, 4])
  const early = blindPlan(inference('2g', 0, [1, 10]))
  expect(heldFrom(preInitialise(problem, early))).toEqual([0])
})

test('busy slices are left to whoever holds them', () => {
  const busy = blindPlan(inference('4g', 0, [0, 5]), inference('2g', 2, [5, 10]))
  expect(preInitialise(problem, busy)).toEqual(busy)
})

test('a retraining is built ahead by its own warm-up, and is done that much earlier', () => {
  const role = { kind: 'retraining', configurationId: 'full', resumes: false } as const
  const place = { gpu: 0, profileId: profileIdOf('4g'), start: 0 }
  const cold = blindPlan({ place, tenantIndex: 0, role, fromSlot: 6 })
  const ahead = preInitialise(problem, cold)
  expect(heldFrom(ahead)).toEqual([3])
  expect(valueOf(problem, ahead).terminal).toBeGreaterThan(valueOf(problem, cold).terminal)
})

test('who serves goes on beside the one that is built ahead, where memory holds both', () => {
  const needs = problem.tenants.map(() => problem.classes.map(() => 1000))
  const memoryMiB = problem.classes.map(() => 2000)
  const takeovers = { memoryMiB, inferenceMiB: needs, retrainingMiB: needs }
  const roomy = { ...problem, takeovers }
  const [first, second] = [inference('2g', 0, [0, 5]), inference('2g', 0, [5, 10])]
  const blind = blindPlan(first, { ...second, tenantIndex: 1 })
  const busy = { ...blind, stateHash: stateHash(roomy) }
  const ahead = preInitialise(roomy, busy)
  expect(heldFrom(ahead)).toEqual([0, 3])
  expect(checkPlan(roomy, ahead)).toEqual({ kind: 'legal' })
  const served = (plan: Plan) => valueOf(roomy, plan).tenants.map(({ inTime }) => inTime)
  expect([served(busy), served(ahead)]).toEqual([
    [60, 60],
    [60, 100],
  ])
})
