import { describe, expect, test } from 'vitest'
import { ControlWorld } from '../../test/control-world.ts'
import { literalSite, readLiteral } from '../../test/literal-site.ts'
import { must } from '../base/assert.ts'
import { resolveSite } from '../config/resolve-site.ts'
import type { RetrainingForecast } from '../core/forecast.ts'
import { siteUnder } from '../core/mps/share-site.ts'
import type { Plan, PlannedInstance, Role } from '../core/plan/plan.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import type { Handover } from '../core/policy.ts'
import { buildProblem, type TenantOutlook } from './build-problem.ts'

const site = resolveSite({ text: literalSite, sourceName: 'site.yaml', readFile: readLiteral() })
const inference: Role = { kind: 'inference' }
const retraining: Role = { kind: 'retraining', configurationId: 'full', resumes: false }
const whole: RetrainingForecast = {
  configurationId: 'full',
  secondsByClass: [200, 150, 100, null, 50],
  accuracyAfter: [],
  accuracyTerminal: 0.9,
  accuracyUncertainty: 0,
}

/** Vision serves on a 3g at 0 and trains on the one at 4. */
function world(role: Role = retraining): ControlWorld {
  const delays: Record<string, number> = {
    'create-instance': 0.2,
    'start-worker': 5,
    'route-add': 1,
    'route-drain': 0.5,
  }
  const own = new ControlWorld({
    gpus: site.gpus.map(({ model }) => model),
    tenants: site.tenants.map(({ id }) => id),
    delayOf: ({ kind }) => delays[kind] ?? 0,
  })
  own.send({ kind: 'plan-accepted', plan: plan([0, inference], [4, role]), atSeconds: 0 })
  return own
}

function plan(...held: readonly (readonly [number, Role])[]): Plan {
  const instances = held.map(
    ([start, role]): PlannedInstance => ({
      id: `${start}`,
      gpu: 0,
      share: { kind: 'mig', profileId: 9, start },
      existing: null,
      tenures: [
        {
          tenant: 'vision',
          role,
          initialiseFromSeconds: 0,
          serveFromSeconds: 0,
          until:
            role.kind === 'inference'
              ? { kind: 'time', atSeconds: 100 }
              : { kind: 'retraining-done', expectedSeconds: 90, latestSeconds: 99 },
        },
      ],
    }),
  )
  return {
    policy: 'literal',
    mechanism: 'mig',
    startSeconds: 0,
    endSeconds: 100,
    stateHash: '',
    overhead: 'aware',
    instances,
  }
}

function problemAt(own: ControlWorld, nowSeconds: number, startSeconds: number): PlanningProblem {
  own.run(nowSeconds)
  own.send({ kind: 'plan-requested', atSeconds: nowSeconds })
  const outlooks = site.tenants.map(({ id }): TenantOutlook => {
    const isTraining = own.state.tenants.find((tenant) => tenant.id === id)?.job != null
    return { ...outlookOf(), underWay: isTraining ? whole : null }
  })
  return buildProblem(site, own.state, { ...span, startSeconds }, outlooks)
}

const span = { windowIndex: 0, startSeconds: 0, endSeconds: 100, isFirstLayoutFree: false }

function outlookOf(): TenantOutlook {
  return {
    arrivals: { method: '', meanRps: [], dispersion: 1, backTestError: null },
    valuePerAnswer: 1,
    service: { classCount: 5, loads: [0], sets: [] },
    accuracyDeployed: [],
    accuracyTerminal: 0,
    retraining: [],
    underWay: null,
  }
}

describe('takeovers', () => {
  const own = world(inference)
  const told = (handover: Handover, under = site) =>
    buildProblem(under, { ...own.state, handover }, span, site.tenants.map(outlookOf)).takeovers

  test('are planned with by who makes first, with the memory of each class and its workers', () => {
    const takeovers = must(told('make-first'))
    expect(takeovers.memoryMiB).toEqual([9728, 19968, 40192, 40192, 80384])
    expect(takeovers.inferenceMiB).toEqual(site.tenants.map(({ memory }) => memory.inferenceMiB))
    expect(takeovers.retrainingMiB).toEqual(site.tenants.map(({ memory }) => memory.retrainingMiB))
  })

  test('are not for who breaks first, nor between clients that share a GPU', () => {
    expect(told('break-first')).toBeUndefined()
    expect(told('make-first', siteUnder('mps', site))).toBeUndefined()
  })
})

describe('what runs when a plan starts', () => {
  test('is told with the seconds until it is ready, by the profile', () => {
    const { running } = problemAt(world(inference), 3, 4)
    // Created at 0.2 and 0.4 s, started in 5 s, cut over in 1 s: ready at 6.2 and 6.4 s.
    expect(running.map(({ start, worker }) => [start, worker?.readyInSeconds])).toEqual([
      [0, expect.closeTo(2.2, 9)],
      [4, expect.closeTo(2.4, 9)],
    ])
  })

  test('counts what is still being created for a tenure that has begun', () => {
    const { running } = problemAt(world(inference), 0.3, 1)
    expect(running[1]?.worker).toEqual({
      tenant: 'vision',
      role: 'inference',
      readyInSeconds: expect.closeTo(0.2 + 0.2 + 5 + 1 - 1, 9),
    })
  })

  test('serves at once when it serves already, and is idle when its worker is leaving', () => {
    const own = world(inference)
    own.run(10)
    own.send({ kind: 'plan-accepted', plan: plan([0, inference]), atSeconds: 10 })
    const { running } = problemAt(own, 10, 12)
    expect(running.map(({ worker }) => worker?.readyInSeconds ?? null)).toEqual([0, null])
  })

  test('leaves failed slices blocked', () => {
    const own = world()
    own.run(10)
    const { id } = must(own.state.instances[0])
    own.send({ kind: 'instance-failed', instanceId: id, atSeconds: 10 })
    const { gpus, running } = problemAt(own, 10, 12)
    expect(gpus[0]?.blocked).toEqual([{ start: 0, size: 4, reason: 'failed' }])
    expect(running).toHaveLength(1)
  })
})

describe('a retraining under way', () => {
  const underWay = (problem: PlanningProblem) => must(problem.tenants[0]).underWay

  test('has its whole work left while its worker starts', () => {
    const problem = problemAt(world(), 3, 4)
    expect(underWay(problem)).toMatchObject({ forecast: whole, restoreSeconds: 0 })
    // Created at 0.4 s; a retraining worker of this tenant takes 6.6 s to start.
    expect(problem.running[1]?.worker?.readyInSeconds).toBeCloseTo(0.4 + 6.6 - 4, 9)
  })

  test('has that much less left as it will have done by then', () => {
    const own = world()
    own.run(6.4)
    own.send({
      kind: 'retraining-progress',
      instanceId: must(own.state.instances[1]).id,
      fraction: 0.01,
      atSeconds: 6.4,
    })
    const left = must(underWay(problemAt(own, 6.4, 16.4))).forecast.secondsByClass
    // 3g is class 2, 100 s in all: 1 s done, 10 s until the plan starts.
    expect(left).toEqual([178, 133.5, 89, null, 44.5].map((s) => s && expect.closeTo(s, 6)))
  })

  test('goes on at the speed it showed, on every class', () => {
    const own = world()
    own.run(25.4)
    own.send({
      kind: 'retraining-progress',
      instanceId: must(own.state.instances[1]).id,
      fraction: 0.1,
      atSeconds: 25.4,
    })
    const left = must(underWay(problemAt(own, 25.4, 25.4))).forecast.secondsByClass
    // 20 s for a tenth, where the profile says 10.
    expect(left[2]).toBeCloseTo(0.9 * 200, 6)
    expect(left[0]).toBeCloseTo(0.9 * 400, 6)
  })
})
