import { describe, expect, test } from 'vitest'
import { ControlWorld } from '../../test/control-world.ts'
import { a100Gb80 } from '../core/mig/catalog/a100-80gb.ts'
import { shareModel } from '../core/mps/share-model.ts'
import type { Plan, PlannedInstance, Tenure } from '../core/plan/plan.ts'
import type { Handover } from '../core/policy.ts'

const gpu = shareModel(a100Gb80, 'mps')

/** Making a share takes no time, starting a worker 4 s, cutting over 1 s. */
function world(handover: Handover, memoryMiB = 0): ControlWorld {
  const delays: Record<string, number> = { 'start-worker': 4, 'route-add': 1, 'route-drain': 0.5 }
  return new ControlWorld({
    gpus: [gpu],
    tenants: ['a', 'b'],
    delayOf: ({ kind }) => delays[kind] ?? 0,
    handover,
    memoryMiB,
  })
}

function serve(tenant: string, from: number, until = 100): Tenure {
  return {
    tenant,
    role: { kind: 'inference' },
    initialiseFromSeconds: from,
    serveFromSeconds: from,
    until: { kind: 'time', atSeconds: until },
  }
}

function share(percent: number, client: number, ...tenures: readonly Tenure[]): PlannedInstance {
  const id = `${percent}@${client}`
  return { id, gpu: 0, share: { kind: 'mps', percent, client }, existing: null, tenures }
}

function plan(startSeconds: number, ...instances: readonly PlannedInstance[]): Plan {
  const common = { policy: 'literal', mechanism: 'mps', stateHash: '', overhead: 'aware' } as const
  return { ...common, startSeconds, endSeconds: 100, instances }
}

function carryOut(own: ControlWorld, ...plans: readonly Plan[]): ControlWorld {
  for (const accepted of plans) {
    own.run(accepted.startSeconds)
    own.send({ kind: 'plan-accepted', plan: accepted, atSeconds: accepted.startSeconds })
  }
  own.run(99)
  return own
}

const timesOf = (own: ControlWorld, kind: 'route-add' | 'route-drain' | 'start-worker') =>
  own.effectsOf(kind).map(({ atSeconds }) => atSeconds)

const first = plan(0, share(60, 0, serve('a', 0)), share(40, 1, serve('b', 0)))
const larger = plan(20, share(75, 0, serve('a', 20)), share(25, 1, serve('b', 20)))

describe('a change of share', () => {
  test('is a new worker, started when the old one is gone', () => {
    const own = carryOut(world('break-first'), first, larger)
    expect(timesOf(own, 'route-drain')).toEqual([20, 20])
    expect(timesOf(own, 'start-worker').slice(2)).toEqual([20.5, 20.5])
    expect(timesOf(own, 'route-add').slice(2)).toEqual([24.5, 24.5])
    expect(own.breaches).toEqual([])
  })

  test('may keep the old one until the new one serves, whatever their percentages', () => {
    const own = carryOut(world('make-first'), first, larger)
    expect(timesOf(own, 'start-worker').slice(2)).toEqual([20, 20])
    expect(timesOf(own, 'route-drain')).toEqual([25, 25])
    const percents = own.state.instances.filter(({ worker }) => worker !== null)
    expect(percents.map(({ profileId }) => profileId)).toEqual([75, 25])
    expect(own.breaches).toEqual([])
  })

  test('keeps the old one only as far as memory holds both', () => {
    const roomForThree = carryOut(world('make-first', 26_000), first, larger)
    expect(timesOf(roomForThree, 'route-drain')).toEqual([20, 25])
    const roomForTwo = carryOut(world('make-first', 35_000), first, larger)
    expect(timesOf(roomForTwo, 'route-drain')).toEqual([20, 20])
    expect([...roomForThree.breaches, ...roomForTwo.breaches]).toEqual([])
  })

  test('of a share that stays as it is costs nothing', () => {
    const same = plan(20, share(60, 0, serve('a', 20)), share(20, 1, serve('b', 20)))
    for (const handover of ['break-first', 'make-first'] as const) {
      const own = carryOut(world(handover), first, same)
      expect(own.effectsOf('start-worker').map(({ effect }) => effect.tenant)).toEqual([
        'a',
        'b',
        'b',
      ])
    }
  })

  test('that swaps two tenants comes to an end', () => {
    const swapped = plan(20, share(60, 0, serve('b', 20)), share(40, 1, serve('a', 20)))
    for (const handover of ['break-first', 'make-first'] as const) {
      const own = carryOut(world(handover), first, swapped)
      const workers = own.state.instances.map(({ profileId, worker }) => {
        return `${profileId} ${worker?.tenant} ${worker?.kind === 'inference' && worker.phase}`
      })
      expect(workers).toEqual(['60 b serving', '40 a serving'])
    }
  })
})

test('a worker waits until memory is free for it', () => {
  const both = plan(0, share(60, 0, serve('a', 0, 50)), share(40, 1, serve('b', 0)))
  const own = carryOut(world('break-first', 60_000), both)
  expect(timesOf(own, 'start-worker')).toEqual([0, 50.5])
  expect(own.breaches).toEqual([])
})
