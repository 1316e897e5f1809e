import { describe, expect, test } from 'vitest'
import { fixedPolicy } from '../../test/fixed-policy.ts'
import { literalSite, readLiteral } from '../../test/literal-site.ts'
import { must } from '../base/assert.ts'
import { resolveSite } from '../config/resolve-site.ts'
import { slowdownOnShare } from '../core/mps/interference.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import type { Policy } from '../core/policy.ts'
import type { StaticInstance } from '../core/site.ts'
import type { RunResult, TimelineSpan } from '../observe/run-result.ts'
import { type SimulateOptions, simulate } from './run.ts'
import { serviceTables } from './service-tables.ts'

/*
 * What every policy is charged, row by row, where the truth is as the figures say (truthSpread 0).
 * Windows of 100 s; planning takes 2 s, so that what a window's plan changes begins 2 s into it.
 */
const text = literalSite.replace('  duration: 300s', '  duration: 300s\n  truthSpread: 0')
const site = resolveSite({ text, sourceName: 'site.yaml', readFile: readLiteral() })
const services = serviceTables(site)

/** ResNet-50 takes 5 s to start and load, its job 6.6 s to its first step; cutting over 1 s. */
const [inferenceStart, retrainingStart, cutOver] = [5, 6.6, 1] as const
const [create, destroy] = [0.2, 0.2] as const

const [oneSlice, twoSlices, threeSlices, wholeGpu] = [19, 14, 9, 0] as const
const vision = {
  gpu: 0,
  profileId: twoSlices,
  start: 0,
  tenant: 'vision',
  role: 'inference',
} as const
const language = { ...vision, profileId: oneSlice, start: 2, tenant: 'language' } as const
const training = { ...vision, profileId: threeSlices, start: 4, role: 'retraining' } as const

type Layout = readonly StaticInstance[]

function run(
  layoutOf: Layout | ((problem: PlanningProblem) => Layout),
  policy: Partial<Policy> = {},
  options: Partial<SimulateOptions> = {},
): RunResult {
  const of = typeof layoutOf === 'function' ? layoutOf : () => layoutOf
  return simulate({ site, policy: fixedPolicy(of, policy), seed: 1, services, ...options })
}

/** The first layout in the first window, the other one after it. */
const from =
  (first: Layout, then: Layout) =>
  ({ windowIndex }: PlanningProblem): Layout =>
    windowIndex === 0 ? first : then

function spansOf(result: RunResult, phase: TimelineSpan['phase'], start: number) {
  return result.timeline
    .filter((span) => span.phase === phase && span.start === start)
    .sort((a, b) => a.fromSeconds - b.fromSeconds)
}

function firstSpan(result: RunResult, phase: TimelineSpan['phase'], start: number) {
  return must(spansOf(result, phase, start)[0], `Nothing is ${phase} at ${start}`)
}

const lengthOf = ({ fromSeconds, untilSeconds }: TimelineSpan) => untilSeconds - fromSeconds

const capacityAt = (result: RunResult, tenant: number, second: number) =>
  must(result.tenants[tenant]?.perSecond.capacityRps[second])

describe('an instance', () => {
  test('takes 0.2 s to create and 0.2 s to destroy, one operation at a time on a GPU', () => {
    const moved = [
      { ...vision, profileId: threeSlices },
      { ...language, start: 4 },
    ]
    const result = run(from([vision, language], moved))
    const operations = result.timeline
      .filter(({ phase }) => phase === 'creating' || phase === 'destroying')
      .sort((a, b) => a.fromSeconds - b.fromSeconds)
    expect(operations).toHaveLength(4)
    for (const [i, own] of operations.entries()) {
      expect(lengthOf(own)).toBeCloseTo(own.phase === 'creating' ? create : destroy, 9)
      const before = operations[i - 1]
      if (before !== undefined) {
        expect(own.fromSeconds).toBeGreaterThanOrEqual(before.untilSeconds - 1e-9)
      }
    }
  })

  test('that is in use is tried again after 0.5 s', () => {
    const refusals = [{ atSeconds: 50, gpu: 0, times: 3 }]
    const moved = [{ ...vision, profileId: threeSlices }]
    const usual = run(from([vision], moved))
    const refused = run(from([vision], moved), {}, { refusals })
    const createdIn = (result: RunResult) => firstSpan(result, 'creating', 0).fromSeconds
    expect(createdIn(refused) - createdIn(usual)).toBeCloseTo(3 * 0.5, 9)
  })

  test('is recreated while the others keep running', () => {
    const moved = [{ ...vision, profileId: oneSlice }, language]
    const result = run(from([vision, language], moved))
    const { capacityRps } = must(result.tenants[1]).perSecond
    expect(new Set(capacityRps.map((rps) => rps.toFixed(6))).size).toBe(1)
    expect(capacityAt(result, 0, 104)).toBe(0)
  })
})

describe('a worker', () => {
  test('for inference takes its start and load, then the cut-over', () => {
    const result = run(from([language], [language, { ...vision, start: 4 }]))
    const { fromSeconds, untilSeconds } = firstSpan(result, 'initialising', 4)
    expect(untilSeconds - fromSeconds).toBeCloseTo(inferenceStart + cutOver, 9)
    expect(fromSeconds).toBeCloseTo(102 + create, 9)
  })

  test('for retraining takes its start to the first step, also in the first layout', () => {
    const result = run([vision, training])
    expect(lengthOf(firstSpan(result, 'initialising', 4))).toBeCloseTo(retrainingStart, 9)
  })

  test('that resumes a retraining restores its checkpoint besides', () => {
    const slow = { ...site, tenants: site.tenants.map(slowed) }
    const away = [vision, { ...language, profileId: threeSlices, start: 4 }]
    const layoutOf = ({ windowIndex }: PlanningProblem) =>
      windowIndex === 1 ? away : [vision, training]
    const result = run(layoutOf, {}, { site: slow })
    const [, , resumed] = spansOf(result, 'initialising', 4)
    expect(lengthOf(must(resumed))).toBeCloseTo(retrainingStart + 0.35, 9)
    const [left] = spansOf(result, 'draining', 4)
    expect(lengthOf(must(left))).toBeCloseTo(0.75, 9)
  })

  test('that swaps in a new version is out of service for the cut-over', () => {
    const result = run([vision, training])
    // The first one is no better than the version that the run starts with.
    const { untilSeconds } = must(spansOf(result, 'retraining', 4)[1])
    expect(must(result.tenants[0])).toMatchObject({ versionsDeployed: 2, versionsRejected: 1 })
    const { capacityRps } = must(result.tenants[0]).perSecond
    const second = Math.floor(untilSeconds)
    const missing = [0, 1, 2].reduce((sum, i) => {
      return sum + 1 - must(capacityRps[second + i]) / must(capacityRps[0])
    }, 0)
    expect(missing).toBeCloseTo(cutOver, 9)
  })
})

function slowed(tenant: (typeof site.tenants)[number]): (typeof site.tenants)[number] {
  const retraining = tenant.retraining.map((own) => ({
    ...own,
    secondsByClass: own.secondsByClass.map((seconds) => seconds && seconds * 6),
  }))
  return { ...tenant, retraining }
}

describe('a reconfiguration end to end', () => {
  test('in place and cold is out of service for 6.4 s: destroy, create, start, cut-over', () => {
    const result = run(from([vision], [{ ...vision, profileId: threeSlices }]))
    const gone = firstSpan(result, 'draining', 0).untilSeconds
    const [, back] = spansOf(result, 'serving', 0)
    const cold = destroy + create + inferenceStart + cutOver
    expect(must(back).fromSeconds - gone).toBeCloseTo(cold, 9)
    expect(cold).toBeCloseTo(6.4, 9)
  })

  test('ahead of its time, on slices that are idle, costs no capacity at all', () => {
    const both = [vision, { ...vision, profileId: threeSlices, start: 4 }]
    const result = run(from([vision], both))
    const { capacityRps } = must(result.tenants[0]).perSecond
    expect(Math.min(...capacityRps)).toBeCloseTo(must(capacityRps[0]), 6)
    expect(must(result.tenants[0]).capacityLostRequests).toBe(0)
  })

  test('waits for its plan: the old layout stays for the time reserved for planning', () => {
    for (const planningSecondsMax of [0, 7]) {
      const grown = from([vision], [vision, { ...vision, start: 4 }])
      const result = run(grown, { planningSecondsMax })
      expect(firstSpan(result, 'creating', 4).fromSeconds).toBe(100 + planningSecondsMax)
    }
  })
})

describe('a share by MPS', () => {
  const half = { ...vision, profileId: 50 } as const
  const mps = { mechanism: 'mps' } as const

  test('takes a worker restart to change, the old one gone first, and no MIG operation', () => {
    const result = run(from([half], [{ ...half, profileId: 70 }]), mps)
    const gone = firstSpan(result, 'draining', 0).untilSeconds
    const [, back] = spansOf(result, 'serving', 0)
    expect(must(back).fromSeconds - gone).toBeCloseTo(inferenceStart + cutOver, 9)
    const isOperation = ({ phase }: TimelineSpan) => phase === 'creating' || phase === 'destroying'
    expect(result.timeline.filter(isOperation)).toEqual([])
  })

  test('costs nothing to change where the old worker is kept meanwhile', () => {
    const grown = from([half], [{ ...half, profileId: 70 }])
    const kept = run(grown, { ...mps, handover: 'make-first' })
    const { capacityRps } = must(kept.tenants[0]).perSecond
    expect(Math.min(...capacityRps)).toBeCloseTo(must(capacityRps[0]), 6)
  })

  test('is slowed by busy neighbours, as calibrated', () => {
    const trainer = { ...training, profileId: 50, start: 1 } as const
    const workOf = (result: RunResult) => lengthOf(firstSpan(result, 'retraining', 1)) - 0.75
    const beside = workOf(run([half, trainer], mps))
    const alone = workOf(run([trainer], mps))
    expect(beside / alone).toBeCloseTo(slowdownOnShare(0.5), 9)
  })

  test('of the whole GPU has 108 multiprocessors where a 7g has 98: 2 to 6 % more', () => {
    const whole = run([{ ...vision, profileId: 100 }], mps)
    const largest = run([{ ...vision, profileId: wholeGpu }])
    const ratio = capacityAt(whole, 0, 50) / capacityAt(largest, 0, 50)
    expect(ratio).toBeGreaterThan(1.02)
    expect(ratio).toBeLessThan(1.06)
  })
})

test('by time slicing everybody gets every n-th turn of the whole GPU', () => {
  const turns = { mechanism: 'time-slicing' } as const
  const trainer = { ...training, profileId: 50, start: 1 } as const
  const half = { ...vision, profileId: 50 } as const
  const workOf = (result: RunResult) => lengthOf(firstSpan(result, 'retraining', 1)) - 0.75
  const beside = workOf(run([half, trainer], turns))
  expect(beside / workOf(run([trainer], turns))).toBeCloseTo(2, 9)
})
