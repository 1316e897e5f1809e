import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ControlWorld } from '../../test/control-world.ts'
import { lentPlan } from '../../test/lent-plan.ts'
import { randomLayoutPlan } from '../../test/random-layout-plan.ts'
import { must } from '../base/assert.ts'
import { Rng } from '../base/rng.ts'
import { a30 } from '../core/mig/catalog/a30.ts'
import { a100Gb80 } from '../core/mig/catalog/a100-80gb.ts'
import type { GpuModel } from '../core/mig/gpu-model.ts'
import { enumerateLayouts, isMaximal, type Layout } from '../core/mig/layout.ts'
import { baseProfileIds } from '../core/mig/placement.ts'
import { passesThroughEmpty, transition } from '../core/mig/transition.ts'
import { shareModel } from '../core/mps/share-model.ts'
import type { Plan } from '../core/plan/plan.ts'
import { desiredTenure } from './tenures.ts'

const tenants = ['a', 'b', 'c']
const slots = 20

type Run = {
  readonly seed: number
  readonly plans: number
  readonly hasFaults: boolean
  readonly mechanism: 'mig' | 'mig, make first' | 'mps' | 'mps, make first'
}

const run = fc.record({
  seed: fc.nat(1_000_000_000),
  plans: fc.integer({ min: 1, max: 4 }),
  hasFaults: fc.boolean(),
  mechanism: fc.constantFrom<Run['mechanism']>(
    ...(['mig', 'mig, make first', 'mig, make first', 'mps', 'mps, make first'] as const),
  ),
})

/** Plans one after another, sometimes cut short; every effect takes a random time. */
function carryOut({ seed, plans, hasFaults, mechanism }: Run): ControlWorld {
  const rng = new Rng(seed)
  const delays = rng.split('delays')
  const models = rng.uniform() < 0.5 ? [a30] : [a100Gb80, a30]
  const isShared = mechanism.startsWith('mps')
  const gpus = isShared ? models.map((model) => shareModel(model, 'mps')) : models
  const isMadeFirst = mechanism.endsWith('make first')
  const handover = isMadeFirst ? 'make-first' : 'break-first'
  const lending = rng.split('lending')
  const delayOf = () => delays.uniform() ** 4 * 8
  const world = new ControlWorld({ gpus, tenants, delayOf, handover, memoryMiB: 1000 })
  let now = 0
  for (let i = 0; i < plans; i += 1) {
    world.run(now)
    world.send({ kind: 'plan-requested', atSeconds: now })
    const existing = world.state.instances.filter(({ phase }) => phase !== 'destroying')
    now += rng.integer(3)
    world.run(now)
    const startSeconds = now
    const blocks = 2 + rng.integer(12)
    const drawn = randomLayoutPlan(rng, { gpus, tenants, startSeconds, slots, blocks, existing })
    const plan = isMadeFirst && !isShared ? lentPlan(lending, drawn, tenants) : drawn
    world.send({ kind: 'plan-accepted', plan, atSeconds: now })
    now += rng.uniform() < 0.5 ? slots : 1 + rng.integer(slots)
    if (hasFaults) breakSomething(world, rng, startSeconds, now)
  }
  world.run(now + 1000)
  return world
}

function breakSomething(world: ControlWorld, rng: Rng, from: number, until: number): void {
  const atSeconds = from + rng.uniform() * (until - from)
  world.run(atSeconds)
  const { instances } = world.state
  if (instances.length === 0) return
  const { id, worker } = must(instances[rng.integer(instances.length)])
  const isWorker = worker !== null && worker.phase !== 'stopping' && rng.uniform() < 0.5
  const kind = isWorker ? ('worker-failed' as const) : ('instance-failed' as const)
  world.send({ kind, instanceId: id, atSeconds })
}

describe('whatever the plans and however long things take', () => {
  test('no rule of safety is broken', () => {
    fc.assert(
      fc.property(run, (drawn) => {
        expect(carryOut(drawn).breaches).toEqual([])
      }),
      { numRuns: 400 },
    )
  })

  test('the last plan is reached: its last tenures are served, nothing else runs', () => {
    fc.assert(
      fc.property(run, (drawn) => {
        const { state } = carryOut({ ...drawn, hasFaults: false })
        for (const [index, planned] of must(state.accepted).plan.instances.entries()) {
          const last = must(planned.tenures.at(-1))
          const isHeld =
            last.until.kind === 'time' && last.until.atSeconds === state.accepted?.plan.endSeconds
          const id = state.accepted?.progress[index]?.instanceId
          const worker = state.instances.find((instance) => instance.id === id)?.worker
          if (isHeld) expect(worker).toMatchObject({ tenant: last.tenant, phase: 'serving' })
        }
        for (const instance of state.instances) {
          expect(instance.phase).toBe('live')
          if (instance.worker !== null) expect(desiredTenure(state, instance)).not.toBeNull()
        }
      }),
      { numRuns: 400 },
    )
  })

  test('a retraining that was started ends in exactly one version, or waits, or was lost', () => {
    fc.assert(
      fc.property(run, (drawn) => {
        const world = carryOut({ ...drawn, hasFaults: false })
        const started = new Set(
          world.effectsOf('start-worker').flatMap(({ effect }) => {
            return effect.task.kind === 'retraining' ? [effect.task.jobId] : []
          }),
        )
        const measured = world.effectsOf('measure-version').map(({ effect }) => effect.version)
        expect(new Set(measured).size).toBe(measured.length)
        expect(measured.length).toBeLessThanOrEqual(started.size)
        for (const { job } of world.state.tenants) {
          if (job !== null) expect(started.has(job.id)).toBe(true)
        }
      }),
      { numRuns: 200 },
    )
  })

  test('takeovers are among them, and end with one worker on each GPU instance', () => {
    let taken = 0
    fc.assert(
      fc.property(run, (drawn) => {
        const world = carryOut({ ...drawn, mechanism: 'mig, make first' })
        taken += world.effectsOf('share-instance').length
        expect(world.state.instances.filter(({ besides }) => besides !== undefined)).toEqual([])
      }),
      { numRuns: 100 },
    )
    expect(taken).toBeGreaterThan(20)
  })

  test('the same facts give the same wishes', () => {
    fc.assert(
      fc.property(run, (drawn) => {
        expect(carryOut(drawn).log).toEqual(carryOut(drawn).log)
      }),
      { numRuns: 50 },
    )
  })
})

describe('from one layout to another', () => {
  test('an A30 passes through zero instances only where no order avoids it (676 pairs)', () => {
    const layouts = enumerateLayouts(a30, baseProfileIds(a30))
    for (const from of layouts) for (const to of layouts) expectFewestZeros(a30, from, to)
  })

  test('nor does an A100 between two full layouts', () => {
    const ids = baseProfileIds(a100Gb80)
    const full = enumerateLayouts(a100Gb80, ids).filter((layout) => isMaximal(layout, ids))
    for (const from of full) for (const to of full) expectFewestZeros(a100Gb80, from, to)
  })
})

function expectFewestZeros(model: GpuModel, from: Layout, to: Layout): void {
  if (from.placed.length === 0 || to.placed.length === 0) return
  const world = new ControlWorld({ gpus: [model], tenants, delayOf: () => 0.25 })
  for (const [at, layout] of [from, to].entries()) {
    world.run(at * 100)
    world.send({ kind: 'plan-accepted', plan: planOf(layout, at * 100), atSeconds: at * 100 })
  }
  const before = world.counts.length
  world.run(200)
  const isEmptied = world.counts.slice(before).some(({ count }) => count === 0)
  expect(isEmptied).toBe(passesThroughEmpty(from, transition(from, to)))
  expect(world.breaches).toEqual([])
  const placed = world.state.instances.map(({ profileId, start }) => `${profileId}@${start}`)
  const wanted = to.placed.map(({ profile, start }) => `${profile.profileId}@${start}`)
  expect(placed.sort()).toEqual(wanted.sort())
}

function planOf(layout: Layout, startSeconds: number): Plan {
  const endSeconds = startSeconds + 100
  return {
    policy: 'literal',
    mechanism: 'mig',
    startSeconds,
    endSeconds,
    stateHash: '',
    overhead: 'aware',
    instances: layout.placed.map(({ profile, start }) => ({
      id: `${profile.profileId}@${start}`,
      gpu: 0,
      share: { kind: 'mig', profileId: profile.profileId, start },
      existing: null,
      tenures: [
        {
          tenant: 'a',
          role: { kind: 'inference' },
          initialiseFromSeconds: startSeconds,
          serveFromSeconds: startSeconds,
          until: { kind: 'time', atSeconds: endSeconds },
        },
      ],
    })),
  }
}
