import { describe, expect, test } from 'vitest'
import { fixedPolicy } from '../../test/fixed-policy.ts'
import { literalSite, readLiteral } from '../../test/literal-site.ts'
import { must } from '../base/assert.ts'
import { resolveSite } from '../config/resolve-site.ts'
import { blocksOf } from '../core/plan/plan-blocks.ts'
import { type Block, planFromBlocks } from '../core/plan/plan-from-blocks.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { stateHash } from '../core/plan/state-hash.ts'
import { valueOf } from '../core/plan/value.ts'
import { withoutOverhead } from '../core/plan/warm-up.ts'
import type { Policy } from '../core/policy.ts'
import { preInitialise } from '../planner/pre-initialise.ts'
import { compareOverhead } from './reconfiguration-overhead.ts'
import { replayPolicy } from './replay.ts'
import { simulate } from './run.ts'
import { serviceTables } from './service-tables.ts'

/** A load that the first layout just bears, and from 150 s on, when vision moves, more. */
const text = literalSite
  .replace('  duration: 300s', '  duration: 300s\n  truthSpread: 0')
  .replace(
    '{generate: sine, mean: 300/s, amplitude: 0.5, period: 150s}',
    '{generate: steps, steps: [{at: 0s, rate: 500/s}, {at: 150s, rate: 1000/s}]}',
  )
const site = resolveSite({ text, sourceName: 'site.yaml', readFile: readLiteral() })
const run = { site, seed: 1, services: serviceTables(site) }
const [twoSlices, threeSlices] = [14, 9] as const

/** Where vision is in the first and second half of every window after the first; 7 s of warm-up. */
type Moves = {
  readonly from: { readonly profileId: number; readonly start: number }
  readonly to: { readonly profileId: number; readonly start: number }
  readonly isBlind?: boolean
}

function moving({ from, to, isBlind = false }: Moves): Policy {
  return fixedPolicy(() => [], {
    name: 'moving',
    plan: (problem) => {
      const known = isBlind ? withoutOverhead(problem) : problem
      const plan = planFromBlocks(known, 'moving', blocksAt(known, from, to))
      const overhead = isBlind ? 'blind' : 'aware'
      const told = { ...plan, overhead, stateHash: stateHash(problem) } as const
      const { objective } = valueOf(problem, told)
      const work = { steps: 1, chargedSeconds: 0 }
      return { status: 'feasible', plan: told, objective, bound: null, gap: null, work }
    },
  })
}

function blocksAt(problem: PlanningProblem, from: Moves['from'], to: Moves['to']): Block[] {
  const { slotCount } = problem
  const vision = { tenantIndex: 0, role: { kind: 'inference' } } as const
  if (problem.windowIndex !== 1) {
    const place = { gpu: 0, ...(problem.windowIndex === 0 ? from : to) }
    return [{ ...vision, place, fromSlot: 0, untilSlot: slotCount }]
  }
  const isInPlace = from.start === to.start
  const warmUp = problem.costs.createSeconds > 0 ? 7 : 0
  const begins = 50 - warmUp
  return [
    { ...vision, place: { gpu: 0, ...from }, fromSlot: 0, untilSlot: isInPlace ? begins : 50 },
    { ...vision, place: { gpu: 0, ...to }, fromSlot: begins, untilSlot: slotCount },
  ]
}

describe('the same plans carried out cold and pre-initialised', () => {
  const onIdleSlices = {
    from: { profileId: twoSlices, start: 0 },
    to: { profileId: threeSlices, start: 4 },
  }
  const inPlace = {
    from: { profileId: twoSlices, start: 0 },
    to: { profileId: threeSlices, start: 0 },
  }

  test('onto idle slices the one loses seconds of capacity, the other nothing', () => {
    const { cold, preInitialised, reduction } = compareOverhead(
      run,
      moving(onIdleSlices),
      preInitialise,
    )
    // 5 s to start, 1 s to cut over, 0.2 s to create; 1000 requests/s go unanswered meanwhile.
    expect(cold.lostRequests).toBeGreaterThan(6 * 950)
    expect(preInitialised.lostRequests).toBeLessThan(0.1 * cold.lostRequests)
    expect(must(reduction)).toBeCloseTo(1 - preInitialised.lostRequests / cold.lostRequests, 12)
    expect([cold.reconfigurations, preInitialised.reconfigurations]).toEqual([1, 1])
    expect([cold.plansLeftOut, preInitialised.plansLeftOut]).toEqual([0, 0])
    expect(preInitialised.goodput).toBeGreaterThan(cold.goodput)
  })

  test('in place both lose seconds: slices that serve cannot be prepared', () => {
    const { cold, reduction } = compareOverhead(run, moving(inPlace), preInitialise)
    expect(cold.lostRequests).toBeGreaterThan(6 * 950)
    // It is only done before the load rises, not after.
    expect(must(reduction)).toBeGreaterThan(0.3)
    expect(must(reduction)).toBeLessThan(0.6)
  })

  test('a plan made blind to the overhead is built ahead where slices are idle', () => {
    const blind = moving({ ...onIdleSlices, isBlind: true })
    const { cold, preInitialised } = compareOverhead(run, blind, preInitialise)
    expect(preInitialised.goodput).toBeGreaterThan(cold.goodput)
    const blocked = moving({ ...inPlace, isBlind: true })
    const { reduction } = compareOverhead(run, blocked, preInitialise)
    expect(reduction).toBeCloseTo(0, 9)
  })

  test('a replay that changes nothing comes to the same, retrainings and all', () => {
    const layout = [
      { gpu: 0, profileId: twoSlices, start: 0, tenant: 'vision', role: 'inference' },
      { gpu: 0, profileId: threeSlices, start: 4, tenant: 'vision', role: 'retraining' },
    ] as const
    const policy = fixedPolicy(() => layout, { epochs: ['window-start'] })
    const result = simulate({ ...run, policy })
    const again = simulate({
      ...run,
      policy: replayPolicy({ policy, result }, { name: 'fixed', blocksOf }),
    })
    expect(again.tenants).toEqual(result.tenants)
    expect(again.timeline).toEqual(result.timeline)
  })
})
