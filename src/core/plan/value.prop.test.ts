import fc from 'fast-check'
import { expect, test } from 'vitest'
import { randomPlan } from '../../../test/random-plan.ts'
import { randomProblem } from '../../../test/random-problem.ts'
import { must } from '../../base/assert.ts'
import { Rng } from '../../base/rng.ts'
import { checkPlan } from './check.ts'
import { expectedEndSeconds, type Plan } from './plan.ts'
import type { PlanningProblem } from './problem.ts'
import { stateHash } from './state-hash.ts'
import { valueOf } from './value.ts'

const cases = fc.nat(1_000_000).map((seed) => {
  const problem = randomProblem(new Rng(seed), { size: 'small' })
  return { problem, plan: randomPlan(new Rng(seed, 'plan'), problem) }
})

function forAll(property: (problem: PlanningProblem, plan: Plan) => void): void {
  fc.assert(
    fc.property(cases, ({ problem, plan }) => property(problem, plan)),
    { numRuns: 60 },
  )
}

test('tenants add up to the objective: J is the sum of value, arrivals and Goodput', () => {
  forAll((problem, plan) => {
    const value = valueOf(problem, plan)
    const sum = value.tenants.reduce((total, { goodput, arrivals }, index) => {
      return total + must(problem.tenants[index]).valuePerAnswer * arrivals * (goodput ?? 0)
    }, 0)
    expect(value.objective).toBeCloseTo(sum, 12)
  })
})

test('Goodput is SLO attainment times accuracy, and a share', () => {
  forAll((problem, plan) => {
    for (const { goodput, sloAttainment, accuracy } of valueOf(problem, plan).tenants) {
      if (goodput === null || sloAttainment === null) continue
      expect(goodput).toBeCloseTo(sloAttainment * (accuracy ?? 0), 12)
      expect(goodput).toBeGreaterThanOrEqual(0)
      expect(sloAttainment).toBeLessThanOrEqual(1 + 1e-12)
    }
  })
})

test('a plan with an inference tenure less is not worth more: capacity never hurts', () => {
  forAll((problem, plan) => {
    const value = valueOf(problem, plan)
    for (const [index, instance] of plan.instances.entries()) {
      const tenures = instance.tenures.filter(({ role }) => role.kind === 'retraining')
      const instances = plan.instances.map((own, i) => (i === index ? { ...own, tenures } : own))
      const less = valueOf(problem, { ...plan, instances })
      expect(less.objective).toBeLessThanOrEqual(value.objective + 1e-12)
      expect(less.terminal).toBeCloseTo(value.terminal, 12)
    }
  })
})

test('a problem at another time has the same plans, worth the same', () => {
  forAll((problem, plan) => {
    const later: PlanningProblem = { ...problem, startSeconds: problem.startSeconds + 1000 }
    const shifted = shift(plan, 1000, stateHash(later))
    expect(checkPlan(later, shifted)).toEqual({ kind: 'legal' })
    expect(valueOf(later, shifted)).toEqual(valueOf(problem, plan))
  })
})

test('weights scale the value', () => {
  forAll((problem, plan) => {
    const double = problem.tenants.map((own) => ({
      ...own,
      valuePerAnswer: 2 * own.valuePerAnswer,
    }))
    const value = valueOf(problem, plan)
    const doubled = valueOf({ ...problem, tenants: double }, plan)
    expect(doubled.objective).toBeCloseTo(2 * value.objective, 12)
    expect(doubled.terminal).toBeCloseTo(2 * value.terminal, 12)
  })
})

test('two halves of a slot are worth the slot', () => {
  forAll((problem, plan) => {
    const { slotSeconds } = problem
    const free = { createSeconds: 0, destroySeconds: 0, cutOverSeconds: 0, checkpointSeconds: 0 }
    const calm: PlanningProblem = { ...problem, costs: free, isFirstLayoutFree: true, running: [] }
    const tenants = calm.tenants.map((own) => ({ ...own, inferenceStartSeconds: 0 }))
    const inferenceOnly = plan.instances.map((own) => ({
      ...own,
      existing: null,
      tenures: own.tenures.filter(({ role }) => role.kind === 'inference'),
    }))
    const whole = { ...calm, tenants }
    const halves = { ...whole, slotSeconds: slotSeconds / 2, slotCount: 2 * problem.slotCount }
    const twice = <T>(values: readonly T[]) => values.flatMap((value) => [value, value])
    const finer = {
      ...halves,
      tenants: tenants.map((own) => ({
        ...own,
        accuracyDeployed: twice(own.accuracyDeployed),
        arrivals: { ...own.arrivals, meanRps: twice(own.arrivals.meanRps) },
      })),
    }
    const serving = { ...plan, overhead: 'blind' as const, instances: inferenceOnly }
    expect(valueOf(finer, serving).objective).toBeCloseTo(valueOf(whole, serving).objective, 12)
  })
})

function shift(plan: Plan, seconds: number, hash: string): Plan {
  return {
    ...plan,
    startSeconds: plan.startSeconds + seconds,
    endSeconds: plan.endSeconds + seconds,
    stateHash: hash,
    instances: plan.instances.map((own) => ({
      ...own,
      tenures: own.tenures.map((tenure) => ({
        ...tenure,
        initialiseFromSeconds: tenure.initialiseFromSeconds + seconds,
        serveFromSeconds: tenure.serveFromSeconds + seconds,
        until:
          tenure.until.kind === 'time'
            ? { kind: 'time', atSeconds: expectedEndSeconds(tenure) + seconds }
            : {
                kind: 'retraining-done',
                expectedSeconds: tenure.until.expectedSeconds + seconds,
                latestSeconds: tenure.until.latestSeconds + seconds,
              },
      })),
    })),
  }
}
