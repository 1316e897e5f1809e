import { describe, expect, test } from 'vitest'
import { fixedPolicy } from '../../test/fixed-policy.ts'
import { literalSite, readLiteral } from '../../test/literal-site.ts'
import { must } from '../base/assert.ts'
import { resolveSite } from '../config/resolve-site.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import type { Policy } from '../core/policy.ts'
import type { Site, StaticInstance } from '../core/site.ts'
import type { RunResult, TimelineSpan } from '../observe/run-result.ts'
import { type SimulateOptions, simulate } from './run.ts'
import { serviceTables } from './service-tables.ts'

function siteWith(simulation: string): Site {
  const text = literalSite.replace('  duration: 300s', `  duration: 300s\n  ${simulation}`)
  return resolveSite({ text, sourceName: 'site.yaml', readFile: readLiteral() })
}

/** The truth as the profile has it, and as it is usually. */
const exact = siteWith('truthSpread: 0')
const usual = siteWith('truthSpread: 0.1')
/** Neither the spread nor the arrivals are in them. */
const services = serviceTables(exact)

const [oneSlice, twoSlices, threeSlices, fourSlices] = [19, 14, 9, 5] as const
const vision = {
  gpu: 0,
  profileId: twoSlices,
  start: 0,
  tenant: 'vision',
  role: 'inference',
} as const
const language = { ...vision, profileId: oneSlice, start: 2, tenant: 'language' } as const
const training = { ...vision, profileId: threeSlices, start: 4, role: 'retraining' } as const
const layout: readonly StaticInstance[] = [vision, language, training]

function run(policy: Policy, options: Partial<SimulateOptions> = {}): RunResult {
  return simulate({ site: exact, policy, seed: 1, services, ...options })
}

function spansOf(result: RunResult, phase: TimelineSpan['phase'], start: number) {
  return result.timeline
    .filter((span) => span.phase === phase && span.start === start)
    .map(({ fromSeconds, untilSeconds }) => [fromSeconds, untilSeconds] as const)
}

function capacity(result: RunResult, tenant: number, second: number): number {
  return must(result.tenants[tenant]?.perSecond.capacityRps[second])
}

describe('the accounts of a run', () => {
  const result = run(
    fixedPolicy(() => layout),
    { site: usual },
  )

  test('every request that arrived is in exactly one count', () => {
    for (const tenant of result.tenants) {
      const { arrived, inTime, late, shed, failed, lost } = tenant
      expect(arrived).toBeGreaterThan(1000)
      expect(inTime + late + shed + failed + lost).toBe(arrived)
    }
  })

  test('seconds and windows add up to the run, and answers in time never exceed arrivals', () => {
    for (const { arrived, inTime, accuracySum, perSecond, perWindow } of result.tenants) {
      const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
      expect(sum(perSecond.arrived)).toBe(arrived)
      expect(sum(perSecond.inTime)).toBe(inTime)
      expect(sum(perWindow.map((window) => window.arrived))).toBe(arrived)
      const right = sum(perWindow.map((window) => window.goodput * window.arrived))
      expect(right).toBeCloseTo(accuracySum, 6)
      expect(perSecond.inTime.every((n, s) => n <= must(perSecond.arrived[s]))).toBe(true)
    }
  })

  test('what plans promised is near what came, where nothing unforeseeable happens', () => {
    const drift = '{perSecond: 0.001, shifts: [{at: 50s, distance: 0.2}]}'
    const text = literalSite.replace(drift, '{perSecond: 0.001}')
    const steady = resolveSite({ text, sourceName: 'site.yaml', readFile: readLiteral() })
    const misses = run(
      fixedPolicy(() => layout),
      { site: steady },
    ).tenants.flatMap((tenant) =>
      tenant.perWindow.map(({ predictedGoodput, goodput, forecastArrived, arrived }) => {
        expect(Math.abs(must(forecastArrived) / arrived - 1)).toBeLessThan(0.1)
        return Math.abs(must(predictedGoodput) - goodput)
      }),
    )
    misses.sort((a, b) => a - b)
    expect(misses[3]).toBeLessThan(0.03)
    expect(misses.at(-1)).toBeLessThan(0.08)
  })

  test('the same seed gives the same bytes, another seed another world', () => {
    const again = run(
      fixedPolicy(() => layout),
      { site: usual },
    )
    expect(JSON.stringify(again)).toBe(JSON.stringify(result))
    const other = run(
      fixedPolicy(() => layout),
      { site: usual, seed: 2 },
    )
    expect(other.tenants[0]?.arrived).not.toBe(result.tenants[0]?.arrived)
  })

  test('every policy meets the same requests', () => {
    const elsewhere = run(
      fixedPolicy(() => [{ ...vision, profileId: fourSlices }, training]),
      {
        site: usual,
      },
    )
    expect(elsewhere.tenants[0]?.perSecond.arrived).toEqual(result.tenants[0]?.perSecond.arrived)
  })
})

describe('the first layout', () => {
  test('is given: what it serves is served from the first second', () => {
    const result = run(fixedPolicy(() => layout))
    expect(capacity(result, 0, 0)).toBeCloseTo(800, 0)
    expect(result.plans[0]?.chargedSeconds).toBe(0)
    expect(spansOf(result, 'initialising', 0)).toEqual([])
  })

  test('but a retraining pays for its start', () => {
    const result = run(fixedPolicy(() => layout))
    expect(spansOf(result, 'initialising', 4)[0]).toEqual([0, 6.6])
  })
})

describe('a retraining', () => {
  test('ends after its start, its work, the probes before it and a checkpoint', () => {
    const result = run(fixedPolicy(() => layout))
    const [from, until] = must(spansOf(result, 'retraining', 4)[0])
    // 30,000 samples of batch 64 on a 3g.40gb, then 0.75 s; probes try 2 and 1 epochs on a fifth.
    const whole = must(exact.tenants[0]?.retraining[0]?.secondsByClass[2])
    const short = must(exact.tenants[0]?.retraining[1]?.secondsByClass[2])
    const tests = (1000 * (3 / 30_000) * whole + 250 * (2 / 5000) * short) / 3
    expect(from).toBeCloseTo(6.6, 9)
    expect(until - from).toBeCloseTo(whole + 0.2 * whole + 0.2 * short + tests + 0.75, 6)
  })

  test('of a policy that tries nothing out before pays for no probes', () => {
    const information = { arrivals: 'forecast', retraining: 'forecast' } as const
    const result = run(fixedPolicy(() => layout, { information }))
    const [from, until] = must(spansOf(result, 'retraining', 4)[0])
    const whole = must(exact.tenants[0]?.retraining[0]?.secondsByClass[2])
    expect(until - from).toBeCloseTo(whole + 0.75, 6)
  })

  test('is done within the slots its plan gave it, when the profile is right', () => {
    const result = run(fixedPolicy(() => layout))
    const tenures = must(result.plans[1]?.plan).instances.flatMap((planned) => planned.tenures)
    const until = must(tenures.find(({ role }) => role.kind === 'retraining')).until
    const expected = until.kind === 'retraining-done' ? until.expectedSeconds : Number.NaN
    const done = must(spansOf(result, 'retraining', 4)[1])[1]
    expect(done).toBeLessThanOrEqual(expected)
    expect(done).toBeGreaterThan(expected - 2)
  })

  test('raises accuracy once its version serves, which stalls each instance a second', () => {
    const result = run(fixedPolicy(() => layout))
    const done = must(spansOf(result, 'retraining', 4)[1])[1]
    const second = Math.floor(done)
    const { accuracy } = must(result.tenants[0]).perSecond
    expect(must(accuracy[second + 3]) - must(accuracy[second - 1])).toBeGreaterThan(0.05)
    expect(must(result.tenants[0]).versionsDeployed).toBeGreaterThan(0)
    expect(capacity(result, 0, second) + capacity(result, 0, second + 1)).toBeCloseTo(800, -1)
  })

  test('that crosses a window goes on where it runs', () => {
    const long = siteWith('truthSpread: 0')
    const slow = { ...long, tenants: long.tenants.map((own) => slowed(own, 8)) }
    const result = run(
      fixedPolicy(() => layout),
      { site: slow },
    )
    const [from, until] = must(spansOf(result, 'retraining', 4)[0])
    expect(from).toBe(6.6)
    expect(until).toBeGreaterThan(110)
    expect(result.plans[1]?.plan?.instances.flatMap((own) => own.tenures)).toContainEqual(
      expect.objectContaining({ role: expect.objectContaining({ resumes: true }) }),
    )
  })

  test('that must leave is checkpointed and pays for being restored', () => {
    const slow = { ...exact, tenants: exact.tenants.map((own) => slowed(own, 6)) }
    const moving = ({ windowIndex }: PlanningProblem): readonly StaticInstance[] =>
      windowIndex === 0
        ? layout
        : [
            vision,
            language,
            {
              ...training,
              profileId: threeSlices,
              start: 4,
              tenant: 'language',
              role: 'inference',
            },
          ]
    const elsewhere = (problem: PlanningProblem): readonly StaticInstance[] =>
      problem.windowIndex < 2 ? moving(problem) : layout
    const result = run(fixedPolicy(elsewhere), { site: slow })
    const [first, second] = spansOf(result, 'retraining', 4)
    const left = spansOf(result, 'draining', 4)[0]
    expect(must(first)[1]).toBe(102)
    expect(left).toEqual([102, 102.75])
    expect(must(second)[0] - 202).toBeGreaterThan(6.6 + 0.35)
  })
})

function slowed(tenant: Site['tenants'][number], factor: number): Site['tenants'][number] {
  const times = (seconds: number | null): number | null => seconds && seconds * factor
  return {
    ...tenant,
    retraining: tenant.retraining.map((own) => ({
      ...own,
      secondsByClass: own.secondsByClass.map(times),
    })),
  }
}

describe('a change of layout', () => {
  const changedTo =
    (next: readonly StaticInstance[]) =>
    ({ windowIndex }: PlanningProblem) =>
      windowIndex === 0 ? [vision, language] : next

  test('takes effect after the time reserved for planning; till then nothing changes', () => {
    const grown = changedTo([{ ...vision, profileId: threeSlices, start: 4 }, language])
    for (const planningSecondsMax of [2, 30]) {
      const result = run(fixedPolicy(grown, { planningSecondsMax }))
      expect(result.plans[1]?.chargedSeconds).toBe(planningSecondsMax)
      expect(spansOf(result, 'creating', 4)[0]?.[0]).toBe(100 + planningSecondsMax)
    }
  })

  test('in place is cold: nothing serves until the new worker has taken over', () => {
    const result = run(
      fixedPolicy(
        changedTo([
          { ...vision, profileId: threeSlices },
          { ...language, start: 4 },
        ]),
      ),
    )
    const [from] = must(spansOf(result, 'serving', 0)[1])
    // Drained in less than an SLO, destroyed and created in 0.2 s each, 5 s to start, 1 s cut-over.
    expect(from).toBeGreaterThan(102 + 0.2 + 0.2 + 5 + 1)
    expect(from).toBeLessThan(102 + 0.1 + 0.2 + 0.2 + 5 + 1 + 0.5)
    expect(capacity(result, 0, 105)).toBe(0)
    expect(result.tenants[0]?.capacityLostRequests).toBeGreaterThan(500)
  })

  test('onto idle slices costs nobody a request', () => {
    const both = run(
      fixedPolicy(({ windowIndex }) =>
        windowIndex === 0 ? [vision, language] : [vision, { ...vision, start: 4 }, language],
      ),
    )
    expect(must(both.tenants[0]).perSecond.capacityRps.every((rps) => rps > 790)).toBe(true)
  })

  test('is counted, and so is every instance', () => {
    const result = run(fixedPolicy(changedTo([vision, language, { ...vision, start: 4 }])))
    expect(result.reconfigurations).toBe(1)
    expect(result.instancesCreated).toBe(3)
    expect(result.instancesDestroyed).toBe(0)
    const held = (2 + 1) * 300 + 2 * (300 - 102)
    expect(result.gpuSecondsUsed).toBeCloseTo(held / 7, 6)
  })
})

describe('when a GPU instance dies', () => {
  const faults = [{ atSeconds: 150, gpu: 0, slice: 1, recoversSeconds: 180 }]

  test('its batch fails, its capacity is gone, and the policy is asked for a plan', () => {
    const result = run(
      fixedPolicy(() => layout),
      { faults },
    )
    expect(result.plans.map(({ atSeconds, reason }) => `${atSeconds} ${reason}`)).toEqual([
      '0 window-start',
      '100 window-start',
      '150 failure',
      '200 window-start',
    ])
    expect(capacity(result, 0, 160)).toBe(0)
    expect(must(result.tenants[0]).failed).toBeGreaterThanOrEqual(1)
    const replanned = must(result.plans[2]?.plan).instances
    expect(replanned.map(({ share }) => share.kind === 'mig' && share.start)).not.toContain(0)
  })

  test('its slices are used again after they recovered', () => {
    const result = run(
      fixedPolicy(() => layout),
      { faults },
    )
    expect(capacity(result, 0, 195)).toBe(0)
    expect(capacity(result, 0, 290)).toBeCloseTo(800, 0)
  })

  test('a policy without that epoch goes on with what is left', () => {
    const result = run(
      fixedPolicy(() => layout, { epochs: ['window-start'] }),
      { faults },
    )
    expect(result.plans).toHaveLength(3)
  })
})

describe('what a policy is told', () => {
  test('an oracle is told the rates that come and the outcome of a retraining', () => {
    const seen: PlanningProblem[] = []
    const information = { arrivals: 'truth', retraining: 'truth' } as const
    const watched = fixedPolicy(
      (problem) => {
        seen.push(problem)
        return layout
      },
      { information },
    )
    const result = run(watched)
    const [first] = seen
    const arrived = must(result.tenants[0]).perSecond.arrived.slice(0, 100)
    const expected = must(first?.tenants[0]).arrivals.meanRps
    const total = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0)
    expect(total(arrived) / total(expected)).toBeCloseTo(1, 1)
    expect(first?.tenants[0]?.arrivals.method).toBe('oracle')
    expect(first?.tenants[0]?.retraining[0]?.accuracyUncertainty).toBe(0)
    expect(first?.tenants[0]?.accuracyDeployed[0]).toBeCloseTo(0.95, 3)
  })

  test('the value of answers adds up to the headline: weight over the requests of the run', () => {
    const seen: PlanningProblem[] = []
    run(
      fixedPolicy(
        (problem) => {
          seen.push(problem)
          return layout
        },
        { information: { arrivals: 'truth', retraining: 'forecast' } },
      ),
    )
    const values = must(seen[1]).tenants.map((tenant, i) => {
      const truth = must(seen[0]).tenants[i]
      expect(tenant.valuePerAnswer).toBeCloseTo(must(truth).valuePerAnswer, 12)
      return tenant.valuePerAnswer
    })
    expect(must(values[0]) * 90_000).toBeCloseTo(1 / 3, 1)
  })

  test('an illegal plan is a bug of its policy, and ends the run', () => {
    const policy = fixedPolicy(() => [vision, { ...language, start: 1 }])
    expect(() => run(policy)).toThrow(/fixed made an illegal plan at 0 s: overlap/)
  })

  test('arrivals that leave their forecast are an epoch, at most twice in a window', () => {
    const text = literalSite.replace(
      '{generate: sine, mean: 300/s, amplitude: 0.5, period: 150s}',
      '{generate: steps, steps: [{at: 0s, rate: 200/s}, {at: 130s, rate: 500/s}]}',
    )
    const stepped = resolveSite({ text, sourceName: 'site.yaml', readFile: readLiteral() })
    const epochs = ['window-start', 'deviation'] as const
    const result = run(
      fixedPolicy(() => layout, { epochs }),
      { site: stepped },
    )
    const deviations = result.plans.filter(({ reason }) => reason === 'deviation')
    expect(deviations[0]?.atSeconds).toBeGreaterThan(130)
    expect(deviations[0]?.atSeconds).toBeLessThan(140)
    expect(deviations.length).toBeLessThanOrEqual(4)
  })
})
