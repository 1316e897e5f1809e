import { describe, expect, test } from 'vitest'
import { ControlWorld } from '../../test/control-world.ts'
import { must } from '../base/assert.ts'
import { a100Gb80 } from '../core/mig/catalog/a100-80gb.ts'
import type { Plan, PlannedInstance, Tenure } from '../core/plan/plan.ts'
import type { Effect } from './effects.ts'

/** A 3g.40gb at slice 0, as the first one created, and the entry of who takes over there. */
const [first, second] = ['gpu0/9@0#1', 'gpu0/9@0#2']

/** Creating takes 0.25 s, starting a worker 4 s, cutting over 1 s, draining 0.5 s. */
function world(delays: Partial<Record<Effect['kind'], number>> = {}): ControlWorld {
  const usual: Partial<Record<Effect['kind'], number>> = {
    'create-instance': 0.25,
    'destroy-instance': 0.25,
    'start-worker': 4,
    'route-add': 1,
    'route-drain': 0.5,
    ...delays,
  }
  return new ControlWorld({
    gpus: [a100Gb80],
    tenants: ['a', 'b', 'c'],
    delayOf: (effect) => usual[effect.kind] ?? 0,
    cutOverSeconds: 1,
    memoryMiB: 20_000,
    handover: 'make-first',
  })
}

function serve(tenant: string, from: number, until: number, serveFrom = from + 7): Tenure {
  return {
    tenant,
    role: { kind: 'inference' },
    initialiseFromSeconds: from,
    serveFromSeconds: serveFrom,
    until: { kind: 'time', atSeconds: until },
  }
}

function retrain(tenant: string, from: number, expected: number, latest = expected): Tenure {
  return {
    tenant,
    role: { kind: 'retraining', configurationId: 'full', resumes: false },
    initialiseFromSeconds: from,
    serveFromSeconds: from + 6,
    until: { kind: 'retraining-done', expectedSeconds: expected, latestSeconds: latest },
  }
}

function planFrom(
  startSeconds: number,
  tenures: readonly Tenure[],
  existing: string | null = null,
): Plan {
  const share = { kind: 'mig', profileId: 9, start: 0 } as const
  const instance: PlannedInstance = { id: `9@0/${startSeconds}`, gpu: 0, share, existing, tenures }
  const common = { policy: 'literal', mechanism: 'mig', stateHash: '', overhead: 'aware' } as const
  return { ...common, startSeconds, endSeconds: 200, instances: [instance] }
}

function carryOut(own: ControlWorld, ...plans: readonly Plan[]): ControlWorld {
  for (const accepted of plans) {
    own.run(accepted.startSeconds)
    own.send({ kind: 'plan-accepted', plan: accepted, atSeconds: accepted.startSeconds })
  }
  return own
}

/** What happened from then on, timers left out. */
function logFrom(own: ControlWorld, atSeconds: number): readonly string[] {
  return own.log.filter(
    (line) => Number(line.split(' ')[0]) >= atSeconds && !line.includes('timer'),
  )
}

function phases(own: ControlWorld): readonly string[] {
  return own.state.instances.map(({ worker }) =>
    worker === null ? 'idle' : `${worker.tenant} ${worker.phase}`,
  )
}

const fromAToB = planFrom(0, [serve('a', 0, 57), serve('b', 50, 200)])

describe('inference that takes over from inference', () => {
  test('starts beside it, serves when it is planned to, and only then the other one drains', () => {
    const own = carryOut(world(), fromAToB)
    own.run(100)
    expect(logFrom(own, 50)).toEqual([
      `50 share ${first} as ${second}`,
      `50 start b inference on ${second}`,
      `56 route-add ${second}`,
      `57 route-drain ${first}`,
      `57.5 stop-worker ${first}`,
      `57.5 leave ${second} to itself`,
    ])
    expect(phases(own)).toEqual(['b serving'])
    expect(own.effectsOf('destroy-instance')).toEqual([])
    expect(own.breaches).toEqual([])
  })

  test('and is late takes over as soon as it is ready; the other one serves until then', () => {
    const own = carryOut(world({ 'start-worker': 12 }), fromAToB)
    own.run(61)
    expect(phases(own)).toEqual(['a serving', 'b starting'])
    own.run(100)
    expect(logFrom(own, 62)).toEqual([
      `62 route-add ${second}`,
      `63 route-drain ${first}`,
      `63.5 stop-worker ${first}`,
      `63.5 leave ${second} to itself`,
    ])
    expect(own.breaches).toEqual([])
  })

  test('finds the instance its own for whatever comes later', () => {
    const tenures = [serve('a', 0, 57), serve('b', 50, 120), serve('c', 120, 200)]
    const own = carryOut(world(), planFrom(0, tenures))
    own.run(150)
    expect(logFrom(own, 120)).toEqual([
      `120 route-drain ${second}`,
      `120.5 stop-worker ${second}`,
      `120.5 start c inference on ${second}`,
      `124.5 route-add ${second}`,
    ])
    carryOut(own, planFrom(150, []))
    own.run(170)
    expect(logFrom(own, 150)).toEqual([`150 route-drain ${second}`, `150.5 stop-worker ${second}`])
    expect(own.breaches).toEqual([])
  })

  test('may be taken over from in its turn, once the first one is gone', () => {
    const tenures = [serve('a', 0, 57), serve('b', 50, 64), serve('c', 57, 200)]
    const own = carryOut(world(), planFrom(0, tenures))
    own.run(100)
    expect(own.effectsOf('share-instance').map(({ atSeconds }) => atSeconds)).toEqual([50, 57.5])
    expect(phases(own)).toEqual(['c serving'])
    expect(own.breaches).toEqual([])
  })

  test('starts alone where nobody is there to take over from', () => {
    const own = carryOut(world(), fromAToB)
    own.run(50 - 1e-3)
    own.send({ kind: 'worker-failed', instanceId: first, atSeconds: 50 })
    own.run(100)
    expect(logFrom(own, 50)).toEqual([
      '50 ask for a plan: failure',
      `50 start b inference on ${first}`,
      `54 route-add ${first}`,
    ])
    expect(own.breaches).toEqual([])
  })
})

describe('a retraining that takes over from inference', () => {
  const plan = planFrom(0, [serve('a', 0, 56), retrain('b', 50, 120)])

  test('trains at once, and the other one serves for all of its time', () => {
    const own = carryOut(world(), plan)
    own.run(55)
    expect(phases(own)).toEqual(['a serving', 'b training'])
    own.run(80)
    expect(logFrom(own, 50)).toEqual([
      `50 share ${first} as ${second}`,
      `50 start b retraining on ${second}`,
      `56 route-drain ${first}`,
      `56.5 stop-worker ${first}`,
      `56.5 leave ${second} to itself`,
    ])
    expect(own.breaches).toEqual([])
  })

  test('and is late lets the other one serve until its first step', () => {
    const own = carryOut(world({ 'start-worker': 12 }), plan)
    own.run(80)
    expect(own.effectsOf('route-drain').map(({ atSeconds }) => atSeconds)).toEqual([62])
    expect(phases(own)).toEqual(['b training'])
    expect(own.breaches).toEqual([])
  })

  test('and is done before that gives its part back', () => {
    const short = planFrom(0, [
      serve('a', 0, 80),
      { ...retrain('b', 50, 120), serveFromSeconds: 80 },
    ])
    const own = carryOut(world({ 'start-worker': 2 }), short)
    own.run(79)
    expect(logFrom(own, 70)).toContain(`72 leave ${first} to itself`)
    expect(phases(own)).toEqual(['a serving'])
    expect(own.breaches).toEqual([])
  })
})

describe('inference that takes over from a retraining', () => {
  /** Started at 0.25, its first step at 4.25, done at 44.25. */
  const plan = planFrom(0, [retrain('a', 0, 45, 60), serve('b', 38, 200)])

  test('waits beside it, and serves once it is done and gone', () => {
    const own = carryOut(world({ 'stop-worker': 0.25 }), plan)
    own.run(44)
    expect(phases(own)).toEqual(['a training', 'b ready'])
    own.run(80)
    expect(logFrom(own, 44)).toEqual([
      '44.25 measure-version a/a/job-1',
      `44.25 stop-worker ${first}`,
      '44.25 keep-version a/a/job-1',
      '44.25 ask for a plan: retraining-done',
      `44.5 leave ${second} to itself`,
      `44.5 route-add ${second}`,
    ])
    expect(own.breaches).toEqual([])
  })

  test('waits for one that overruns', () => {
    const late = planFrom(0, [retrain('a', 0, 30, 40), serve('b', 23, 200)])
    const own = carryOut(world(), late)
    own.run(80)
    expect(own.effectsOf('request-plan')[0]).toMatchObject({
      atSeconds: 40,
      effect: { reason: 'overrun' },
    })
    expect(own.effectsOf('route-add')).toMatchObject([{ atSeconds: 44.25 }])
    expect(own.breaches).toEqual([])
  })

  test('starts as ever where the retraining is done before', () => {
    const early = planFrom(0, [retrain('a', 0, 90, 110), serve('b', 83, 200)])
    const own = carryOut(world(), early)
    own.run(100)
    expect(own.effectsOf('share-instance')).toEqual([])
    expect(own.effectsOf('start-worker').at(-1)).toMatchObject({ atSeconds: 83 })
  })
})

describe('what fails during a takeover', () => {
  const at52 = () => {
    const own = carryOut(world(), fromAToB)
    own.run(52)
    return own
  }

  test('of the worker before: the next one goes on, and serves as soon as it is ready', () => {
    const own = at52()
    own.send({ kind: 'worker-failed', instanceId: first, atSeconds: 52 })
    own.run(80)
    expect(logFrom(own, 52)).toEqual([
      '52 ask for a plan: failure',
      `52 leave ${second} to itself`,
      `54 route-add ${second}`,
    ])
    expect(phases(own)).toEqual(['b serving'])
  })

  test('of the next worker: it is started again, and the one before serves until it serves', () => {
    const own = at52()
    own.send({ kind: 'worker-failed', instanceId: second, atSeconds: 53 })
    own.run(57.5)
    expect(phases(own)).toEqual(['a serving', 'b cutting-over'])
    own.run(80)
    expect(phases(own)).toEqual(['b serving'])
    expect(own.breaches).toEqual([])
  })

  test.each([first, second])('of the GPU instance, told of %s: both are gone', (instanceId) => {
    const own = at52()
    own.send({ kind: 'instance-failed', instanceId, atSeconds: 53 })
    own.run(80)
    expect(own.state.instances).toEqual([])
    expect(must(own.state.gpus[0]).blocked).toHaveLength(1)
    expect(own.breaches).toEqual([])
  })
})

describe('a new plan during a takeover', () => {
  const replanned = (tenures: readonly Tenure[], existing = first) => {
    const own = carryOut(world(), fromAToB)
    return carryOut(own, planFrom(52, tenures, existing))
  }

  test.each([first, second])('that names %s and wants the same worker keeps it', (existing) => {
    const own = replanned([serve('a', 52, 65, 52), serve('b', 58, 200)], existing)
    own.run(100)
    expect(logFrom(own, 52)).toEqual([
      `64 route-add ${second}`,
      `65 route-drain ${first}`,
      `65.5 stop-worker ${first}`,
      `65.5 leave ${second} to itself`,
    ])
    expect(own.breaches).toEqual([])
  })

  test('that does not want the next one stops it, and the one before serves on', () => {
    const own = replanned([serve('a', 52, 200, 52)])
    own.run(100)
    expect(logFrom(own, 52)).toEqual([`52 stop-worker ${second}`, `52 leave ${first} to itself`])
    expect(phases(own)).toEqual(['a serving'])
    expect(own.breaches).toEqual([])
  })

  test('that does not want the one before lets it go, and the next one serves when ready', () => {
    const own = replanned([serve('b', 52, 200)])
    own.run(100)
    expect(logFrom(own, 52)).toEqual([
      `52 route-drain ${first}`,
      `52.5 stop-worker ${first}`,
      `52.5 leave ${second} to itself`,
      `54 route-add ${second}`,
    ])
    expect(own.breaches).toEqual([])
  })

  test('that wants neither ends both before anybody else starts there', () => {
    const own = replanned([serve('c', 52, 200)])
    own.run(100)
    expect(logFrom(own, 52)).toEqual([
      `52 route-drain ${first}`,
      `52 stop-worker ${second}`,
      `52 leave ${first} to itself`,
      `52.5 stop-worker ${first}`,
      `52.5 start c inference on ${first}`,
      `56.5 route-add ${first}`,
    ])
    expect(own.breaches).toEqual([])
  })
})

test('without a plan two workers on one GPU instance stay as they are', () => {
  const own = carryOut(world(), fromAToB)
  own.run(52)
  own.state = { ...own.state, accepted: null }
  own.run(100)
  expect(phases(own)).toEqual(['a serving', 'b ready'])
  carryOut(own, planFrom(100, [serve('a', 100, 107, 100), serve('b', 100, 200)], first))
  own.run(150)
  expect(logFrom(own, 100)).toEqual([
    `106 route-add ${second}`,
    `107 route-drain ${first}`,
    `107.5 stop-worker ${first}`,
    `107.5 leave ${second} to itself`,
  ])
  expect(own.breaches).toEqual([])
})
