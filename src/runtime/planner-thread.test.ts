import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { built } from '../../test/built.ts'
import { randomProblem } from '../../test/random-problem.ts'
import { tinyProblem } from '../../test/tiny-problem.ts'
import { Rng } from '../base/rng.ts'
import { checkPlan } from '../core/plan/check.ts'
import { keepLayoutPlan } from '../core/plan/keep-layout-plan.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { valueOf } from '../core/plan/value.ts'
import type { PlannerThread, PlannerThreadOptions, ThreadAnswer } from './planner-thread.ts'

type Module = typeof import('./planner-thread.ts')

let module: Module
beforeAll(async () => {
  module = await built<Module>('runtime/planner-thread.js')
})

const open: PlannerThread[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((own) => own.close()))
})

function threadWith(options: PlannerThreadOptions = {}): PlannerThread {
  const thread = module.createPlannerThread(options)
  open.push(thread)
  return thread
}

const fixture = new URL('../../test/fixtures/planner-workers/faulty.mjs', import.meta.url).href

/** A thread's script that behaves badly in that way. */
function faulty(fault: string): URL {
  const text = `import { behave } from '${fixture}'; behave('${fault}')`
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`)
}

const problem = randomProblem(new Rng(3, 'planner thread'), {
  size: 'full',
  tenantCount: 2,
  hasRunning: true,
  hasUnderWay: false,
})

/** Legal, worth what it says, and no worse than keeping the layout. */
function worthOf({ outcome }: ThreadAnswer, of: PlanningProblem = problem): number {
  if (outcome.status === 'infeasible') throw new Error(outcome.reason)
  expect(checkPlan(of, outcome.plan)).toEqual({ kind: 'legal' })
  const { objective, terminal } = valueOf(of, outcome.plan)
  expect(outcome.objective).toBe(objective)
  const kept = valueOf(of, keepLayoutPlan(of))
  expect(objective + terminal).toBeGreaterThanOrEqual(kept.objective + kept.terminal)
  return objective + terminal
}

test('a plan comes with its bound, and one problem after another is planned', async () => {
  const thread = threadWith()
  for (let seed = 0; seed < 3; seed += 1) {
    const own = randomProblem(new Rng(seed, 'thread'), { size: 'full', tenantCount: 2 })
    const answer = await thread.plan(own, { secondsMax: 20, stepsMax: 2e6 })
    expect(answer).toMatchObject({ ended: 'done', faults: [] })
    worthOf(answer, own)
    if (answer.outcome.status === 'infeasible' || answer.outcome.bound === null) continue
    expect(answer.outcome.bound).toBeGreaterThanOrEqual(answer.outcome.objective)
  }
})

test('plans and bounds are told as they improve', async () => {
  const told: string[] = []
  const worths: number[] = []
  await threadWith().plan(problem, {
    secondsMax: 20,
    stepsMax: 3e6,
    onMessage: (message) => {
      told.push(message.kind)
      if (message.kind === 'incumbent') worths.push(message.objective + message.terminal)
    },
  })
  expect(told.at(-1)).toBe('done')
  expect(worths.length).toBeGreaterThan(1)
  expect(worths).toEqual(worths.toSorted((a, b) => a - b))
})

describe('planted faults', () => {
  const eaten = { memoryMiBMax: 48 }
  test.each<[string, ThreadAnswer['ended'], RegExp, PlannerThreadOptions]>([
    ['throws', 'failed', /planted: an assertion/, {}],
    ['exits', 'failed', /ended with code 7/, {}],
    ['loops', 'deadline', /^$/, {}],
    ['eats-memory', 'failed', /memory/, eaten],
    ['says-nan', 'done', /worth NaN/, {}],
    ['says-illegal', 'done', /illegal/, {}],
    ['says-too-little', 'done', /The bound .* is below/, {}],
  ])('%s: the best plan so far is the answer', async (fault, ended, words, options) => {
    const found: number[] = []
    const answer = await threadWith({ ...options, script: faulty(fault) }).plan(problem, {
      secondsMax: 5,
      onMessage: (message) => {
        const isPlan = message.kind === 'incumbent' && checkPlan(problem, message.plan)
        if (isPlan && isPlan.kind === 'legal' && Number.isFinite(message.objective)) {
          found.push(message.objective + message.terminal)
        }
      },
    })
    expect(answer.ended).toBe(ended)
    expect(answer.faults.join('\n')).toMatch(words)
    expect(worthOf(answer)).toBeCloseTo(Math.max(...found), 9)
    if (answer.outcome.status !== 'infeasible' && answer.outcome.bound !== null) {
      expect(answer.outcome.bound).toBeGreaterThanOrEqual(answer.outcome.objective)
    }
  })

  test.each([
    ['throws-on-load', 'failed'],
    ['loops-at-once', 'deadline'],
    ['loops-on-load', 'deadline'],
  ])('%s: the layout is kept', async (fault, ended) => {
    const thread = threadWith({ script: faulty(fault), hasSpare: false })
    await thread.ready()
    const answer = await thread.plan(problem, { secondsMax: 1 })
    expect(answer.ended).toBe(ended)
    const { objective, terminal } = valueOf(problem, keepLayoutPlan(problem))
    expect(worthOf(answer)).toBeCloseTo(objective + terminal, 12)
  })

  test('a thread that fails at once: a plan that was brought along is the answer', async () => {
    const { outcome } = await threadWith().plan(problem, { secondsMax: 20, stepsMax: 1e6 })
    if (outcome.status === 'infeasible') throw new Error(outcome.reason)
    const answer = await threadWith({ script: faulty('throws-on-load') }).plan(problem, {
      secondsMax: 2,
      incumbent: outcome.plan,
    })
    expect(answer.outcome).toMatchObject({ plan: outcome.plan, objective: outcome.objective })
  })

  test('the thread that stood by takes the next problem', async () => {
    const thread = threadWith({ script: faulty('throws') })
    for (let turn = 0; turn < 3; turn += 1) {
      const answer = await thread.plan(problem, { secondsMax: 10 })
      expect(answer.ended).toBe('failed')
      worthOf(answer)
    }
  })
})

test('a problem with NaN is refused without a thread', async () => {
  const tiny = tinyProblem()
  const broken = { ...tiny, terminalSeconds: Number.NaN }
  const { outcome, ended } = await threadWith().plan(broken, { secondsMax: 5 })
  expect(ended).toBe('done')
  expect(outcome).toMatchObject({ status: 'infeasible', reason: /terminalSeconds is NaN/ })
})

describe('floors that contradict each other', () => {
  const tiny = tinyProblem()
  const tenants = tiny.tenants.map((own) => ({ ...own, sloAttainmentMin: 0.7 }))
  const contradictory = { ...tiny, tenants }

  async function reasonOf(options: PlannerThreadOptions): Promise<string> {
    const { outcome } = await threadWith(options).plan(contradictory, { secondsMax: 5 })
    if (outcome.status !== 'infeasible') throw new Error('There is no such plan')
    return outcome.reason
  }

  test('are told with the nearest plan', async () => {
    expect(await reasonOf({})).toMatch(/nearest gives [ab] [345]\d(\.\d)? % of the 70 % asked for/)
  })

  test('also when the thread fails', async () => {
    const reason = await reasonOf({ script: faulty('throws') })
    expect(reason).toMatch(/nearest gives [ab] [345]\d(\.\d)? % of the 70 % asked for/)
  })

  test('also when it fails before it told anything', async () => {
    const reason = await reasonOf({ script: faulty('throws-on-load') })
    expect(reason).toMatch(/nearest gives a 0 % of the 70 % asked for and b 0 % of the 70 %/)
  })
})
