import { expect, test } from 'vitest'
import { type RandomProblemOptions, randomProblem } from '../../test/random-problem.ts'
import { siteOf } from '../../test/site-of.ts'
import { must } from '../base/assert.ts'
import { Rng } from '../base/rng.ts'
import { checkPlan } from '../core/plan/check.ts'
import type { PlanOutcome } from '../core/plan/outcome.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { valueOf } from '../core/plan/value.ts'
import { createHighsSolver } from '../planner/solver/highs.ts'
import type { PolicyContext, PolicyFactory } from './context.ts'
import { keptLayoutPlan } from './kept-layout.ts'
import {
  createMigrator,
  createMigratorBlindCold,
  createMigratorBlindPreinit,
  createMigratorIlp,
} from './migrator.ts'

const solver = await createHighsSolver()
const modes = {
  createMigrator,
  createMigratorIlp,
  createMigratorBlindCold,
  createMigratorBlindPreinit,
}

/** Two tenants on an A100, 80 slots of a second, from a running layout with work under way. */
function problemOf(seed: number, options: Partial<RandomProblemOptions> = {}): PlanningProblem {
  return randomProblem(new Rng(seed), {
    size: 'full',
    slotCount: 80,
    slotSeconds: 1,
    tenantCount: 2,
    hasRunning: true,
    ...options,
  })
}

const problems = [problemOf(3), problemOf(8, { hasUnderWay: true }), problemOf(11)]

function contextOf(problem: PlanningProblem): PolicyContext {
  const site = siteOf(problem)
  return {
    site: { ...site, planner: { ...site.planner, gapTarget: 0.002 } },
    solver,
    hindsight: null,
  }
}

function planWith(factory: PolicyFactory, problem = must(problems[0])): PlanOutcome {
  return factory(contextOf(problem)).plan(problem)
}

function planned(outcome: PlanOutcome): Exclude<PlanOutcome, { status: 'infeasible' }> {
  if (outcome.status === 'infeasible') throw new Error(outcome.reason)
  return outcome
}

test.each(Object.entries(modes))(
  '%s: legal, worth what it says, within its time, the same twice',
  (_, mode) => {
    for (const problem of problems) {
      const outcome = planned(planWith(mode, problem))
      expect(checkPlan(problem, outcome.plan)).toEqual({ kind: 'legal' })
      expect(outcome.objective).toBe(valueOf(problem, outcome.plan).objective)
      const policy = mode(contextOf(problem))
      expect(outcome.work.chargedSeconds).toBeLessThanOrEqual(policy.planningSecondsMax)
      expect(policy.plan(problem)).toEqual(outcome)
    }
  },
)

test('knowing the overhead is worth no less, and more where changing pays', () => {
  const gains = [3, 5].map((seed) => {
    const problem = problemOf(seed, { configurationsMax: 0, hasUnderWay: false })
    const objectiveOf = (mode: PolicyFactory) => planned(planWith(mode, problem)).objective
    const cold = objectiveOf(createMigratorBlindCold)
    const preinit = objectiveOf(createMigratorBlindPreinit)
    expect(preinit).toBeGreaterThanOrEqual(cold)
    const gain = objectiveOf(createMigrator) - preinit
    expect(gain).toBeGreaterThanOrEqual(0)
    return gain
  })
  expect(Math.max(...gains)).toBeGreaterThan(0.001)
})

test('a plan is worth no less than the best layout to keep, whose search is charged', () => {
  for (const problem of problems) {
    const kept = must(keptLayoutPlan(problem))
    const least = valueOf(problem, kept.plan)
    const outcome = planned(planWith(createMigrator, problem))
    const { objective, terminal } = valueOf(problem, outcome.plan)
    expect(objective + terminal).toBeGreaterThanOrEqual(least.objective + least.terminal - 1e-12)
    expect(outcome.work.steps).toBeGreaterThan(kept.steps)
  }
})

test('without a solver the program refines the running layout', () => {
  const problem = must(problems[1])
  const policy = createMigratorIlp({ ...contextOf(problem), solver: null })
  const outcome = planned(policy.plan(problem))
  expect(checkPlan(problem, outcome.plan)).toEqual({ kind: 'legal' })
  expect(outcome.objective).toBeGreaterThan(0)
})
