import { expect, test } from 'vitest'
import { type RandomProblemOptions, randomProblem } from '../../test/random-problem.ts'
import { Rng } from '../base/rng.ts'
import { checkPlan } from '../core/plan/check.ts'
import { stateHash } from '../core/plan/state-hash.ts'
import { valueOf } from '../core/plan/value.ts'
import { searchExhaustively } from './exhaustive.ts'
import { makeGrid } from './grid.ts'
import { keepLayout } from './keep-layout.ts'
import { planWindow } from './plan-window.ts'
import { refine } from './refine.ts'
import { RefinedSchedule } from './refined-schedule.ts'
import { planFromJobs } from './schedule.ts'
import { createHighsSolver } from './solver/highs.ts'

const solver = await createHighsSolver()
const settings = {
  policy: 'test',
  coarseSlotSeconds: 10,
  gapTarget: 0.01,
  workMax: 8_000,
  refineStepsMax: 2_000,
}

const kinds: readonly Partial<RandomProblemOptions>[] = [
  { tenantCount: 2 },
  { tenantCount: 3, hasRunning: true, hasUnderWay: true },
  { tenantCount: 2, gpuModelIds: ['a30'], residenceSlots: 3 },
  { tenantCount: 2, hasBlocked: true, hasRunning: true },
  { tenantCount: 3, gpuModelIds: ['a100-80gb', 'a30'], slotCount: 24, slotSeconds: 5 },
  { tenantCount: 2, hasFloors: true },
  { tenantCount: 2, warmUpSlots: 0 },
]

test.each(kinds)('plans of windows like %j are legal, bounded, and the same twice', (kind) => {
  for (let seed = 0; seed < 3; seed += 1) {
    const problem = randomProblem(new Rng(seed, 'windows'), {
      size: 'full',
      slotCount: 60,
      slotSeconds: 2,
      ...kind,
    })
    const outcome = planWindow(problem, solver, settings)
    if (outcome.status === 'infeasible') {
      expect(kind.hasFloors).toBe(true)
      continue
    }
    const { plan, objective, bound } = outcome
    expect(checkPlan(problem, plan)).toEqual({ kind: 'legal' })
    expect(plan.stateHash).toBe(stateHash(problem))
    expect(objective).toBe(valueOf(problem, plan).objective)
    if (bound !== null) expect(bound).toBeGreaterThanOrEqual(objective)
    if (seed === 0) expect(planWindow(problem, solver, settings)).toEqual(outcome)
  }
})

test('on small problems the plan comes near the best there is, and never above it', () => {
  let shortfall = 0
  let worth = 0
  for (let seed = 0; seed < 40; seed += 1) {
    const problem = randomProblem(new Rng(seed, 'near'), { size: 'small', slotCount: 3 })
    const best = searchExhaustively(problem)
    const outcome = planWindow(problem, solver, { ...settings, gapTarget: 0, coarseSlotSeconds: 0 })
    if (best.kind === 'none' || outcome.status === 'infeasible') throw new Error('No floors')
    const { objective, terminal } = valueOf(problem, outcome.plan)
    const missing = best.objective + best.terminal - objective - terminal
    expect(missing, `seed ${seed}`).toBeGreaterThan(-1e-9)
    if (outcome.bound !== null) {
      expect(outcome.bound + terminal).toBeGreaterThan(best.objective + best.terminal - 1e-9)
    }
    shortfall += missing
    worth += best.objective + best.terminal
  }
  expect(shortfall / worth).toBeLessThan(0.002)
})

test('refining never loses, more steps never lose, and the value is that of the plan', () => {
  for (let seed = 0; seed < 6; seed += 1) {
    const problem = randomProblem(new Rng(seed, 'refine'), {
      size: 'full',
      slotCount: 50,
      slotSeconds: 2,
      tenantCount: 2,
      hasRunning: true,
      hasUnderWay: seed % 2 === 0,
    })
    const grid = makeGrid(problem, 5, { tolerance: 0, setCountMax: 100 })
    const start = keepLayout(grid)
    let before = new RefinedSchedule(grid, start).value
    for (const stepsMax of [20, 200, 2_000]) {
      const refined = refine(grid, start, { stepsMax })
      const plan = planFromJobs(grid, refined.jobs, 'test')
      const { objective, terminal } = valueOf(problem, plan)
      expect(checkPlan(problem, plan)).toEqual({ kind: 'legal' })
      expect(refined.value).toBeCloseTo(objective + terminal, 9)
      expect(refined.value).toBeGreaterThanOrEqual(before - 1e-12)
      expect(refined.steps).toBeLessThanOrEqual(stepsMax)
      before = refined.value
    }
  }
})
