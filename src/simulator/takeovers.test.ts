import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fixedPolicy } from '../../test/fixed-policy.ts'
import { literalSite, readLiteral } from '../../test/literal-site.ts'
import { must } from '../base/assert.ts'
import { Rng } from '../base/rng.ts'
import { resolveSite } from '../config/resolve-site.ts'
import { type Block, planFromBlocks, retrainingSpanOf } from '../core/plan/plan-from-blocks.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { lendWhereItFits } from '../core/plan/takeover.ts'
import { valueOf } from '../core/plan/value.ts'
import type { Handover, Policy } from '../core/policy.ts'
import { preInitialise } from '../planner/pre-initialise.ts'
import { compareOverhead } from './reconfiguration-overhead.ts'
import { simulate } from './run.ts'
import { serviceTables } from './service-tables.ts'

/** Both halves of a GPU are needed all the time. */
const text = literalSite
  .replace('  duration: 300s', '  duration: 300s\n  truthSpread: 0')
  .replace(
    '{generate: sine, mean: 300/s, amplitude: 0.5, period: 150s}',
    '{generate: steps, steps: [{at: 0s, rate: 900/s}]}',
  )
const site = resolveSite({ text, sourceName: 'site.yaml', readFile: readLiteral() })
const run = { site, seed: 1, services: serviceTables(site) }
const [left, right] = [0, 4].map((start) => ({ gpu: 0, profileId: 9, start }))
const [vision, language] = [0, 1]

type Held = readonly Block[]

/** The same blocks in every window, lent where they fit if it makes first. */
function holding(blocksOf: (problem: PlanningProblem) => Held, handover: Handover): Policy {
  return fixedPolicy(() => [], {
    name: 'holding',
    epochs: ['window-start', 'failure'],
    handover,
    plan: (problem) => {
      const plan = lendWhereItFits(problem, planFromBlocks(problem, 'holding', blocksOf(problem)))
      const { objective } = valueOf(problem, plan)
      const work = { steps: 1, chargedSeconds: 0 }
      return { status: 'feasible', plan, objective, bound: null, gap: null, work }
    },
  })
}

function serve(tenantIndex: number, place: Block['place'], fromSlot: number, untilSlot: number) {
  return { place, tenantIndex, fromSlot, untilSlot, role: { kind: 'inference' } } as const
}

/** Both change places in the middle of each window. */
function changingPlaces({ slotCount }: PlanningProblem): Held {
  const half = Math.floor(slotCount / 2)
  return [
    serve(must(vision), must(left), 0, half),
    serve(must(language), must(left), half, slotCount),
    serve(must(language), must(right), 0, half),
    serve(must(vision), must(right), half, slotCount),
  ]
}

/** Vision is served on one half, retrained on the other, which language has before and after. */
function retrainingInBetween(problem: PlanningProblem): Held {
  const { slotCount, tenants } = problem
  const { underWay, retraining } = must(tenants[must(vision)])
  const configurationId = underWay?.forecast.configurationId ?? retraining[0]?.configurationId ?? ''
  const role = { kind: 'retraining', configurationId, resumes: underWay !== null } as const
  const training = {
    place: must(right),
    tenantIndex: must(vision),
    fromSlot: underWay === null ? 20 : 0,
    role,
  }
  const always = serve(must(vision), must(left), 0, slotCount)
  const span = retrainingSpanOf(problem, training)
  if (span === null || training.fromSlot + span.slots >= slotCount - 12) {
    return [always, serve(must(language), must(right), 0, slotCount)]
  }
  const done = training.fromSlot + span.slots
  return [
    always,
    ...(training.fromSlot > 0 ? [serve(must(language), must(right), 0, training.fromSlot)] : []),
    training,
    serve(must(language), must(right), done, slotCount),
  ]
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
const lostIn = ({ tenants }: ReturnType<typeof simulate>) =>
  sum(tenants.map((own) => own.capacityLostRequests))
const answered = ({ tenants }: ReturnType<typeof simulate>) => sum(tenants.map((own) => own.inTime))

describe('a plan whose holders take over from each other', () => {
  test.each([
    ['inference from inference', changingPlaces],
    ['a retraining from inference, and the other way round', retrainingInBetween],
  ])('answers no fewer than the same plan broken first: %s', (_name, blocksOf) => {
    const [broken, lent] = (['break-first', 'make-first'] as const).map((handover) =>
      simulate({ ...run, policy: holding(blocksOf, handover) }),
    )
    expect(answered(must(lent))).toBeGreaterThan(answered(must(broken)))
    expect(lostIn(must(lent))).toBeLessThan(0.4 * lostIn(must(broken)))
    expect(must(lent).reconfigurations).toBeGreaterThan(0)
    expect(must(lent).instancesCreated).toBe(2)
    expect(must(lent).timeline.some(({ isBeside }) => isBeside)).toBe(true)
  })

  test('leaves nothing idle while inference takes over from inference', () => {
    const { timeline } = simulate({ ...run, policy: holding(changingPlaces, 'make-first') })
    const own = timeline.filter(({ isBeside, fromSeconds }) => !isBeside && fromSeconds > 0)
    expect(own.filter(({ phase }) => phase !== 'serving')).toEqual([])
  })

  test('holds each slice once', () => {
    const { gpuSecondsUsed } = simulate({ ...run, policy: holding(changingPlaces, 'make-first') })
    // 3g + 3g are six of seven compute slices.
    expect(gpuSecondsUsed).toBeLessThanOrEqual((300 * 6) / 7 + 1e-6)
    expect(gpuSecondsUsed).toBeGreaterThan((298 * 6) / 7)
  })

  test('is carried out cold with nobody beside anybody, and loses most of that', () => {
    const policy = holding(changingPlaces, 'make-first')
    const { cold, preInitialised, reduction } = compareOverhead(run, policy, preInitialise)
    expect(cold.plansLeftOut).toBe(0)
    expect(preInitialised.lostRequests).toBeLessThan(0.17 * cold.lostRequests)
    expect(must(reduction)).toBeGreaterThan(0.83)
    expect(preInitialised.goodput).toBeGreaterThan(cold.goodput)
  })
})

describe('a version that is loaded beside the one that serves', () => {
  test('loses nothing, where memory holds both and the policy makes first', () => {
    const layout = [
      { gpu: 0, profileId: 9, start: 0, tenant: 'vision', role: 'inference' },
      { gpu: 0, profileId: 9, start: 4, tenant: 'vision', role: 'retraining' },
    ] as const
    const [broken, made] = (['break-first', 'make-first'] as const).map((handover) =>
      simulate({
        ...run,
        policy: fixedPolicy(() => layout, { epochs: ['window-start'], handover }),
      }),
    )
    const visionOf = (result: ReturnType<typeof simulate> | undefined) => must(result?.tenants[0])
    expect(visionOf(made).versionsDeployed).toBeGreaterThan(0)
    expect(visionOf(broken).versionsDeployed).toBe(visionOf(made).versionsDeployed)
    expect(visionOf(made).capacityLostRequests).toBeLessThan(visionOf(broken).capacityLostRequests)
    expect(visionOf(made).inTime).toBeGreaterThan(visionOf(broken).inTime)
  })
})

test('changes of holder that take no time are counted as well', () => {
  const { costs, tenants } = site
  const none = { createSeconds: 0, destroySeconds: 0, cutOverSeconds: 0 }
  const free = {
    ...site,
    costs: { ...costs, ...none },
    tenants: tenants.map((own) => ({ ...own, inferenceStartSeconds: 0 })),
  }
  const result = simulate({ ...run, site: free, policy: holding(changingPlaces, 'break-first') })
  // In the middle of each window, and at the start of every later one.
  expect(result.reconfigurations).toBe(5)
})

test('whatever takes over from whom, and whatever fails, the books balance', () => {
  const places = [must(left), must(right)]
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.boolean(), (seed, hasFaults) => {
      const rng = new Rng(seed)
      const drawn = rng.split('blocks')
      const policy = holding((problem) => {
        const { slotCount, gpus } = problem
        const free = places.filter(({ start }) =>
          must(gpus[0]).blocked.every(
            (own) => start + 4 <= own.start || own.start + own.size <= start,
          ),
        )
        return free.flatMap((place) => {
          const cut = 1 + drawn.integer(slotCount - 1)
          const first = drawn.integer(2)
          return [serve(first, place, 0, cut), serve(1 - first, place, cut, slotCount)]
        })
      }, 'make-first')
      const faults = Array.from({ length: hasFaults ? 3 : 0 }, () => {
        const atSeconds = 300 * rng.uniform()
        return { atSeconds, gpu: 0, slice: rng.integer(8), recoversSeconds: atSeconds + 10 }
      })
      const { tenants, timeline } = simulate({ ...run, policy, seed, faults })
      for (const { arrived, inTime, late, shed, failed, lost } of tenants) {
        expect(inTime + late + shed + failed + lost).toBe(arrived)
      }
      const own = timeline.filter(({ isBeside }) => isBeside !== true)
      for (const [i, a] of own.entries()) {
        const after = own.slice(i + 1).filter(({ start }) => start === a.start)
        for (const b of after) {
          const overlap =
            Math.min(a.untilSeconds, b.untilSeconds) - Math.max(a.fromSeconds, b.fromSeconds)
          expect(overlap).toBeLessThanOrEqual(1e-9)
        }
      }
    }),
    { numRuns: 12 },
  )
})
