import { describe, expect, test } from 'vitest'
import { fixedPolicy } from '../../test/fixed-policy.ts'
import { literalSite, readLiteral } from '../../test/literal-site.ts'
import { must } from '../base/assert.ts'
import { resolveSite } from '../config/resolve-site.ts'
import { slowdownOnShare } from '../core/mps/interference.ts'
import { siteUnder } from '../core/mps/share-site.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import type { Policy } from '../core/policy.ts'
import type { StaticInstance } from '../core/site.ts'
import type { RunResult, TimelineSpan } from '../observe/run-result.ts'
import { type SimulateOptions, simulate } from './run.ts'

const text = literalSite.replace('  duration: 300s', '  duration: 300s\n  truthSpread: 0')
const site = resolveSite({ text, sourceName: 'site.yaml', readFile: readLiteral() })
const shared = siteUnder('mps', site)

const vision = { gpu: 0, profileId: 30, start: 0, tenant: 'vision', role: 'inference' } as const
const language = { ...vision, profileId: 20, start: 1, tenant: 'language' } as const
const training = { ...vision, profileId: 50, start: 2, role: 'retraining' } as const

type Layout = readonly StaticInstance[]

function run(
  layoutOf: (problem: PlanningProblem) => Layout,
  policy: Partial<Policy> = {},
  options: Partial<SimulateOptions> = {},
): RunResult {
  const fixed = fixedPolicy(layoutOf, { mechanism: 'mps', ...policy })
  return simulate({ site, policy: fixed, seed: 1, ...options })
}

function spansOf(result: RunResult, phase: TimelineSpan['phase'], profileName: string) {
  return result.timeline
    .filter((span) => span.phase === phase && span.profileName === profileName)
    .map(({ fromSeconds, untilSeconds }) => [fromSeconds, untilSeconds] as const)
}

const capacityAt = (result: RunResult, tenant: number, second: number): number =>
  must(result.tenants[tenant]?.perSecond.capacityRps[second])

describe('a run by MPS', () => {
  test('serves with what shares give, of 108 multiprocessors', () => {
    const result = run(() => [vision, language])
    const own = must(shared.tenants[0]?.serving[5]).capacityItemsPerSecond
    expect(capacityAt(result, 0, 50)).toBeCloseTo(own, 6)
  })

  test('charges no creating and no destroying, but a worker restart for a change of share', () => {
    const grown = ({ windowIndex }: PlanningProblem): Layout =>
      windowIndex === 0 ? [vision, language] : [{ ...vision, profileId: 60 }, language]
    const result = run(grown)
    expect(spansOf(result, 'creating', '60 %')).toEqual([])
    expect(spansOf(result, 'destroying', '30 %')).toEqual([])
    const [, drained] = must(spansOf(result, 'draining', '30 %')[0])
    // 5 s to start and load, 1 s to cut over; the old worker was gone before.
    const [from, until] = must(spansOf(result, 'initialising', '60 %')[0])
    expect(from).toBe(drained)
    expect(until - from).toBeCloseTo(5 + 1, 9)
    expect(capacityAt(result, 0, 105)).toBe(0)
    expect(result.reconfigurations).toBe(1)
  })

  test('keeps the old worker meanwhile if the policy hands over so', () => {
    const grown = ({ windowIndex }: PlanningProblem): Layout =>
      windowIndex === 0 ? [vision, language] : [{ ...vision, profileId: 60 }, language]
    const result = run(grown, { handover: 'make-first' })
    expect(spansOf(result, 'initialising', '60 %')).toEqual([[102, 108]])
    expect(must(spansOf(result, 'draining', '30 %')[0])[0]).toBe(108)
    const { perSecond } = must(result.tenants[0])
    expect(Math.min(...perSecond.capacityRps)).toBeCloseTo(capacityAt(result, 0, 50), 6)
  })

  test('trains quicker while neighbours are away, at the speed of each moment', () => {
    const alone = run(() => [training])
    const beside = run(() => [vision, language, training])
    const [from, until] = must(spansOf(alone, 'retraining', '50 %')[0])
    const [from2, until2] = must(spansOf(beside, 'retraining', '50 %')[0])
    const [work, work2] = [until - from - 0.75, until2 - from2 - 0.75]
    expect(work2 / work).toBeCloseTo(slowdownOnShare(0.5), 6)
    const leaving = run(({ windowIndex }) =>
      windowIndex === 0 ? [vision, language, training] : [training],
    )
    expect(must(spansOf(leaving, 'retraining', '50 %').at(-1))[1]).toBeLessThan(300)
  })

  test('answers less where neighbours truly interfere more than figures say', () => {
    const busy = { ...vision, profileId: 10 }
    const usual = run(() => [busy, language, { ...training, profileId: 70 }])
    const more = run(
      () => [busy, language, { ...training, profileId: 70 }],
      {},
      { interferenceSlope: 0.4 },
    )
    expect(must(more.tenants[0]).inTime).toBeLessThan(0.9 * must(usual.tenants[0]).inTime)
  })
})

test('time slicing gives the whole GPU in turns', () => {
  const half = { ...vision, profileId: 50 }
  const other = { ...language, profileId: 50 }
  const mechanism = 'time-slicing'
  const together = run(() => [half, other], { mechanism })
  const alone = run(() => [half], { mechanism })
  expect(must(alone.tenants[0]).latencySeconds.mean).toBeLessThan(
    0.7 * must(together.tenants[0]).latencySeconds.mean,
  )
})
