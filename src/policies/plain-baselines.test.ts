import { describe, expect, test } from 'vitest'
import { shareProblemOf } from '../../test/share-problem.ts'
import { siteOf } from '../../test/site-of.ts'
import { tinyProblem } from '../../test/tiny-problem.ts'
import { must } from '../base/assert.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import type { Policy } from '../core/policy.ts'
import { createEqualMps } from './equal-mps.ts'
import { equalShares } from './equal-shares.ts'
import { createNoRetraining } from './no-retraining.ts'
import { createReactive } from './reactive.ts'
import { createRetrainWhenIdle } from './retrain-when-idle.ts'
import { createStaticBestWindow } from './static-best-window.ts'
import { createTimeSliced } from './time-sliced.ts'

const tiny = { ...tinyProblem(), isFirstLayoutFree: true }
const context = { site: siteOf(tiny), solver: null, hindsight: null }

function loaded(...rates: readonly number[]): PlanningProblem {
  const tenants = tiny.tenants.map((own, w) => {
    const meanRps = own.arrivals.meanRps.map(() => must(rates[w]))
    return { ...own, arrivals: { ...own.arrivals, meanRps } }
  })
  return { ...tiny, tenants }
}

/** Compute slices (per cent, for shares) by tenant and role, as planned from the start. */
function amountsOf(policy: Policy, problem: PlanningProblem): Readonly<Record<string, number>> {
  const outcome = policy.plan(problem)
  if (outcome.status === 'infeasible') throw new Error(outcome.reason)
  const amounts: Record<string, number> = {}
  for (const { share, tenures } of outcome.plan.instances) {
    const { tenant, role } = must(tenures[0])
    const profileId = share.kind === 'mps' ? share.percent : share.profileId
    const { model } = must(problem.gpus[0])
    const profile = must(model.profiles.find((own) => own.profileId === profileId))
    const key = `${tenant} ${role.kind}`
    amounts[key] = (amounts[key] ?? 0) + profile.computeSlices
  }
  return amounts
}

describe('equal shares', () => {
  test('are a share each and one to retrain on, in turns', () => {
    const shared = shareProblemOf(tiny, 'mps')
    expect(amountsOf(createEqualMps(context), shared)).toMatchObject({
      'a inference': 30,
      'b inference': 30,
      'a retraining': 30,
    })
  })

  test('by time slicing are every third turn', () => {
    const turns = shareProblemOf(tiny, 'time-slicing')
    expect(amountsOf(createTimeSliced(context), turns)).toMatchObject({
      'a inference': 33,
      'b inference': 33,
    })
  })

  test('are for those whose workers memory holds', () => {
    const shared = shareProblemOf(tiny, 'mps')
    const need = { inferenceMiB: 30_000, retrainingMiB: 25_000 }
    const holders = equalShares(shared, () => true, [need, need]).map(({ use }) => use.kind)
    expect(holders).toEqual(['inference', 'pool'])
  })
})

test('without retraining everything serves, most where most is asked for', () => {
  const amounts = amountsOf(createNoRetraining(), loaded(40, 10))
  expect(Object.keys(amounts).sort()).toEqual(['a inference', 'b inference'])
  expect(must(amounts['a inference'])).toBeGreaterThan(must(amounts['b inference']))
})

test('retraining waits for instances that the highest load leaves idle', () => {
  const idle = amountsOf(createRetrainWhenIdle(context), loaded(8, 8))
  expect(Object.keys(idle).join()).toMatch(/retraining/)
  const steady = loaded(8, 8)
  const tenants = steady.tenants.map((own) => {
    const meanRps = own.arrivals.meanRps.map((rps, t) => (t < 3 ? 40 : rps))
    return { ...own, arrivals: { ...own.arrivals, meanRps } }
  })
  const busy = amountsOf(createRetrainWhenIdle(context), { ...steady, tenants })
  expect(Object.keys(busy).join()).not.toMatch(/retraining/)
})

test('reacting splits by what was measured last, and asks again when that has moved', () => {
  const steady = loaded(50, 5)
  const tenants = steady.tenants.map((own) => ({ ...own, retraining: [] }))
  const policy = createReactive(context)
  expect(policy.epochs).toContain('load-moved')
  expect(policy.information).toMatchObject({ arrivals: 'last-window', measuredSeconds: 10 })
  const amounts = amountsOf(policy, { ...steady, tenants })
  expect(must(amounts['a inference'])).toBeGreaterThan(must(amounts['b inference']))
})

describe('the best layout of a window', () => {
  test('is what the window is worth most with', () => {
    const amounts = amountsOf(createStaticBestWindow(), loaded(60, 5))
    expect(must(amounts['a inference'])).toBeGreaterThan(must(amounts['b inference'] ?? 0))
  })

  test('stays what it was where a change is not worth its warm-up', () => {
    const worker = (tenant: string) => ({ tenant, role: 'inference', readyInSeconds: 0 }) as const
    const running = [
      { id: 'x', gpu: 0, profileId: 9, start: 0, worker: worker('a') },
      { id: 'y', gpu: 0, profileId: 9, start: 4, worker: worker('b') },
    ]
    const problem = { ...loaded(35, 30), running, isFirstLayoutFree: false }
    const outcome = createStaticBestWindow().plan(problem)
    expect(outcome.status === 'feasible' && outcome.plan.instances.map(({ id }) => id)).toEqual([
      'x',
      'y',
    ])
  })
})
