import { describe, expect, test } from 'vitest'
import { must } from '../../src/base/assert.ts'
import { Rng } from '../../src/base/rng.ts'
import { checkPlan } from '../../src/core/plan/check.ts'
import type { PlanningProblem } from '../../src/core/plan/problem.ts'
import { canonicalJson, stateHash } from '../../src/core/plan/state-hash.ts'
import { valueOf } from '../../src/core/plan/value.ts'
import { createHighsSolver } from '../../src/planner/solver/highs.ts'
import { type PolicyName, policies, policyNames } from '../../src/policies/registry.ts'
import { randomHindsight } from '../random-hindsight.ts'
import { randomProblem } from '../random-problem.ts'
import { shareProblemOf } from '../share-problem.ts'
import { siteOf } from '../site-of.ts'
import { tinyProblem } from '../tiny-problem.ts'

const solver = await createHighsSolver()

/**
 * What every policy promises, whoever it is: legal plans, the same for the same problem, worth what
 * it says, from any state that a run may be in.
 */
for (const name of policyNames) {
  describe(`the policy ${name}`, () => {
    const byMig = problemsFor(name)

    test('plans legally from any state within its time, and says what its plan is worth', () => {
      let planned = 0
      for (const own of byMig) {
        const problem = problemUnder(name, own)
        const policy = policyFor(name, own)
        const outcome = policy.plan(problem)
        const { steps, chargedSeconds } = outcome.work
        expect(chargedSeconds).toBeLessThanOrEqual(policy.planningSecondsMax)
        expect(Math.min(steps, chargedSeconds)).toBeGreaterThanOrEqual(0)
        if (outcome.status === 'infeasible') continue
        planned += 1
        const { plan, objective, bound } = outcome
        expect(checkPlan(problem, plan)).toEqual({ kind: 'legal' })
        expect(plan).toMatchObject({ policy: name, stateHash: stateHash(problem) })
        expect(objective).toBeCloseTo(valueOf(problem, plan).objective, 9)
        if (bound !== null) expect(bound).toBeGreaterThanOrEqual(objective - 1e-9)
      }
      expect(planned).toBeGreaterThan(0.9 * byMig.length)
    })

    test('plans the same for the same problem', () => {
      for (const own of byMig.slice(0, 5)) {
        const problem = problemUnder(name, own)
        const policy = policyFor(name, own)
        const first = canonicalJson(policy.plan(problem))
        expect(canonicalJson(policy.plan(problem))).toBe(first)
        expect(canonicalJson(policyFor(name, own).plan(problem))).toBe(first)
      }
    })

    test('says why when a floor cannot be kept', () => {
      const problem = randomProblem(new Rng(1), { size: 'small', hasRunning: false })
      const tenants = problem.tenants.map((own) => ({ ...own, sloAttainmentMin: 1 }))
      const floored = { ...problem, tenants }
      const outcome = policyFor(name, floored).plan(problemUnder(name, floored))
      expect(outcome.status).toBe('infeasible')
      if (outcome.status === 'infeasible') expect(outcome.reason).toMatch(/\S/)
    })

    test('describes itself under its own name', () => {
      const policy = policyFor(name, must(byMig[0]))
      expect(policy.name).toBe(name)
      expect(policy.describe).toMatch(/^[A-Z].*\.$/)
      expect(policy.epochs).toContain('window-start')
      expect(policy.planningSecondsMax).toBeGreaterThanOrEqual(0)
    })
  })
}

/** Whoever makes first is told what memory workers take, as by control/build-problem.ts. */
function problemsFor(name: PolicyName) {
  const { handover, mechanism } = policyFor(name, tinyProblem())
  const hasTakeovers = handover === 'make-first' && mechanism === 'mig'
  const small = Array.from({ length: 25 }, (_, seed) =>
    randomProblem(new Rng(seed, name), { size: 'small', hasTakeovers }),
  )
  const coarse = Array.from({ length: 3 }, (_, seed) => {
    const options = { size: 'full', slotCount: 20, slotSeconds: 10, hasTakeovers } as const
    return randomProblem(new Rng(seed, name), options)
  })
  return [...small, ...coarse]
}

/** The problem as the policy's mechanism has it. */
function problemUnder(name: PolicyName, problem: PlanningProblem): PlanningProblem {
  const { mechanism } = policyFor(name, problem)
  return mechanism === 'mig' ? problem : shareProblemOf(problem, mechanism)
}

/** The policy of a site like the problem by MIG, with a run like it in hindsight. */
function policyFor(name: PolicyName, problem: PlanningProblem) {
  const run = randomHindsight(new Rng(0), { size: 'small', windowCount: 2 })
  const windows = run.windows.map((window) => ({ ...problem, windowIndex: window.windowIndex }))
  const outlook = (tenant: number) => must(problem.tenants[tenant])
  return policies[name]({ site: siteOf(problem), solver, hindsight: { windows, outlook } })
}
