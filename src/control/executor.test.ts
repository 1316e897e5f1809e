import { describe, expect, test } from 'vitest'
import {
  accept,
  fourSlices,
  on,
  oneSlice,
  phases,
  plan,
  retrain,
  serve,
  threeSlices,
  twoSlices,
  wholeGpu,
  world,
} from '../../test/literal-control.ts'
import { must } from '../base/assert.ts'

describe('a plan on an empty GPU', () => {
  test('creates one instance at a time, and each serves as soon as it is ready', () => {
    const own = world()
    accept(
      own,
      0,
      plan(
        0,
        100,
        on(threeSlices, 0, serve('a', 0, 100, 9)),
        on(threeSlices, 4, serve('b', 0, 100, 9)),
      ),
    )
    own.run(20)
    expect(own.log).toEqual([
      '0 create gpu0/9@0#1',
      '0 timer 100',
      '0.25 start a inference on gpu0/9@0#1',
      '0.25 create gpu0/9@4#2',
      '0.5 start b inference on gpu0/9@4#2',
      '4.25 route-add gpu0/9@0#1',
      '4.5 route-add gpu0/9@4#2',
    ])
    expect(phases(own)).toEqual(['9@0 a serving', '9@4 b serving'])
  })

  test('a tenure that reaches the end of the plan is held over until the next one', () => {
    const own = world()
    accept(own, 0, plan(0, 100, on(threeSlices, 0, serve('a', 0, 100))))
    own.run(500)
    expect(phases(own)).toEqual(['9@0 a serving'])
  })

  test('a tenure that ends before is drained and stopped, and destroyed where in the way', () => {
    const own = world({ 'route-drain': 0.5 })
    accept(
      own,
      0,
      plan(0, 100, on(fourSlices, 0, serve('a', 0, 50)), on(wholeGpu, 0, serve('b', 50, 100))),
    )
    own.run(99)
    expect(own.log.filter((line) => Number(line.split(' ')[0]) >= 50)).toEqual([
      '50 route-drain gpu0/5@0#1',
      '50 timer 100',
      '50.5 stop-worker gpu0/5@0#1',
      '50.5 destroy gpu0/5@0#1',
      '50.75 create gpu0/0@0#2',
      '51 start b inference on gpu0/0@0#2',
      '55 route-add gpu0/0@0#2',
    ])
  })
})

describe('the next plan', () => {
  const first = plan(
    0,
    100,
    on(threeSlices, 0, serve('a', 0, 100)),
    on(threeSlices, 4, serve('b', 0, 100)),
  )

  test('adopts the instances it names as existing, without touching them', () => {
    const own = world()
    accept(own, 0, first)
    own.run(100)
    const before = own.effects.length
    const kept = must(own.state.instances[0])
    const again = { ...on(threeSlices, 0, serve('a', 105, 200)), existing: kept.id }
    accept(own, 105, plan(105, 200, again, on(twoSlices, 4, serve('b', 105, 200))))
    own.run(150)
    const touched = own.effects.slice(before).map(({ effect }) => effect)
    expect(
      touched.filter((effect) => 'instanceId' in effect && effect.instanceId === kept.id),
    ).toEqual([])
    expect(phases(own)).toEqual(['9@0 a serving', '14@4 b serving'])
  })

  test('adopts what lies where it wants an instance, even if it does not say so', () => {
    const own = world()
    accept(own, 0, first)
    accept(own, 105, plan(105, 200, on(threeSlices, 0, serve('b', 105, 200))))
    own.run(150)
    expect(own.effectsOf('create-instance')).toHaveLength(2)
    expect(phases(own)).toContain('9@0 b serving')
  })

  test('while it is being made nothing changes, whatever the old plan wanted', () => {
    const own = world()
    const moving = plan(
      0,
      100,
      on(threeSlices, 0, serve('a', 0, 52)),
      on(fourSlices, 0, serve('b', 52, 100)),
    )
    accept(own, 0, moving)
    own.run(50)
    own.send({ kind: 'plan-requested', atSeconds: 50 })
    own.run(60)
    expect(phases(own)).toEqual(['9@0 a serving'])
    own.send({ kind: 'plan-refused', atSeconds: 60 })
    own.run(99)
    expect(phases(own)).toEqual(['5@0 b serving'])
  })
})

describe('an instance that no plan wants any more', () => {
  const pair = [
    on(threeSlices, 0, serve('a', 0, 100)),
    on(threeSlices, 4, serve('b', 0, 100)),
  ] as const

  test('stands idle for ten seconds, in case the next plan wants it, and is destroyed', () => {
    const own = world()
    accept(own, 0, plan(0, 100, ...pair))
    accept(own, 20, plan(20, 100, pair[0]))
    own.run(99)
    expect(own.effectsOf('destroy-instance').map(({ atSeconds }) => atSeconds)).toEqual([30])
    expect(phases(own)).toEqual(['9@0 a serving'])
  })

  test('is used again by a plan that comes in time', () => {
    const own = world()
    accept(own, 0, plan(0, 100, ...pair))
    accept(own, 20, plan(20, 100, pair[0]))
    accept(own, 25, plan(25, 100, ...pair))
    own.run(99)
    expect(own.effectsOf('destroy-instance')).toEqual([])
    expect(own.effectsOf('create-instance')).toHaveLength(2)
  })

  test('stays if it is the last: an empty GPU must be wholly idle to be cut again', () => {
    const own = world()
    accept(own, 0, plan(0, 100, pair[0]))
    accept(own, 20, plan(20, 100))
    own.run(99)
    expect(phases(own)).toEqual(['9@0 idle'])
  })
})

describe('make before break', () => {
  test('what fits is created before what is in the way is destroyed', () => {
    const own = world()
    accept(
      own,
      0,
      plan(0, 50, on(fourSlices, 0, serve('a', 0, 50)), on(oneSlice, 4, serve('b', 0, 50))),
    )
    accept(
      own,
      60,
      plan(
        60,
        100,
        on(threeSlices, 0, serve('a', 60, 100)),
        on(twoSlices, 4, serve('b', 60, 100)),
        on(oneSlice, 6, serve('b', 60, 100)),
      ),
    )
    own.run(90)
    expect(own.counts.map(({ count }) => count)).toEqual([1, 2, 3, 2, 3, 2, 3])
    expect(own.breaches).toEqual([])
  })

  test('an instance whose successor is late goes on serving until it is there', () => {
    const own = world()
    const late = on(threeSlices, 4, serve('a', 48, 100, 50))
    accept(own, 0, plan(0, 100, on(threeSlices, 0, serve('a', 0, 50)), late))
    own.run(60)
    const [drain] = own.effectsOf('route-drain')
    expect(drain?.atSeconds).toBe(48 + 0.25 + 4 + 1)
  })

  test('also when its time is up while it loads a version', () => {
    const own = world({ 'load-version': 3 })
    const late = on(threeSlices, 4, serve('a', 48, 100, 50))
    accept(own, 0, plan(0, 100, on(threeSlices, 0, serve('a', 0, 50)), late))
    own.run(49)
    own.send({ kind: 'version-withdrawn', tenant: 'a', version: 'a/0', atSeconds: 49 })
    own.run(60)
    expect(own.effectsOf('load-version')[0]?.atSeconds).toBe(49)
    expect(own.effectsOf('route-drain')[0]?.atSeconds).toBe(48 + 0.25 + 4 + 1)
  })

  test('but not in a plan that was made blind to overhead', () => {
    const own = world()
    const late = on(threeSlices, 4, serve('a', 50, 100))
    const blind = plan(0, 100, on(threeSlices, 0, serve('a', 0, 50)), late)
    accept(own, 0, { ...blind, overhead: 'blind' })
    own.run(60)
    expect(own.effectsOf('route-drain')[0]?.atSeconds).toBe(50)
  })

  test('but not when its slices are wanted', () => {
    const own = world()
    const late = on(threeSlices, 4, serve('a', 48, 100, 50))
    const wants = on(fourSlices, 0, serve('b', 50, 100))
    accept(own, 0, plan(0, 100, on(threeSlices, 0, serve('a', 0, 50)), late, wants))
    own.run(60)
    expect(own.effectsOf('route-drain')[0]?.atSeconds).toBe(50)
  })
})

describe('a retraining', () => {
  test('becomes a version, passes the gate and is rolled out one instance at a time', () => {
    const own = world({ 'load-version': 1 })
    accept(
      own,
      0,
      plan(
        0,
        100,
        on(twoSlices, 0, serve('a', 0, 100)),
        on(twoSlices, 2, serve('a', 0, 100)),
        on(threeSlices, 4, retrain('a', 0, 60)),
      ),
    )
    own.run(99)
    const told = own.log.filter((line) => /version|plan/.test(line))
    expect(told).toEqual([
      '44.75 measure-version a/a/job-1',
      '44.75 keep-version a/a/job-1',
      '44.75 ask for a plan: retraining-done',
      '44.75 load-version gpu0/14@0#1',
      '45.75 load-version gpu0/14@2#2',
    ])
    expect(own.state.tenants[0]?.version).toBe('a/a/job-1')
  })

  test('that takes longer than planned keeps its instance and asks for a plan, once', () => {
    const own = world()
    accept(own, 0, plan(0, 100, on(threeSlices, 0, retrain('a', 0, 30), serve('b', 30, 100))))
    own.run(40)
    expect(own.log.filter((line) => line.includes('ask for'))).toEqual([
      '30 ask for a plan: overrun',
    ])
    expect(phases(own)).toEqual(['9@0 a training'])
    own.run(99)
    expect(phases(own)).toEqual(['9@0 b serving'])
  })

  test('that the next plan does not go on with is checkpointed and resumes elsewhere', () => {
    const own = world({ checkpoint: 0.5 })
    accept(own, 0, plan(0, 30, on(threeSlices, 0, retrain('a', 0, 60))))
    accept(
      own,
      24.25,
      plan(
        24.25,
        100,
        on(threeSlices, 0, serve('b', 24.25, 100)),
        on(threeSlices, 4, retrain('a', 30, 60)),
      ),
    )
    own.run(31)
    expect(own.state.tenants[0]?.job).toMatchObject({ fraction: 0.5, hasCheckpoint: true })
    own.run(99)
    expect(own.log.filter((line) => /start a|checkpoint/.test(line))).toEqual([
      '0.25 start a retraining on gpu0/9@0#1',
      '24.25 checkpoint gpu0/9@0#1',
      '30.25 start a retraining on gpu0/9@4#2',
    ])
    const [measured] = own.effectsOf('measure-version')
    expect(measured?.atSeconds).toBe(30.25 + 4 + 20)
  })

  test('that ended while the plan was being made is not started again by that plan', () => {
    const own = world()
    accept(own, 0, plan(0, 40, on(threeSlices, 0, retrain('a', 0, 60))))
    own.run(40)
    own.send({ kind: 'plan-requested', atSeconds: 40 })
    const going = { ...on(threeSlices, 0, retrain('a', 50, 60)), existing: 'gpu0/9@0#1' }
    accept(own, 50, plan(50, 100, going))
    own.run(99)
    expect(own.effectsOf('start-worker')).toHaveLength(1)
  })
})

describe('when the world fails', () => {
  const both = plan(
    0,
    100,
    on(threeSlices, 0, serve('a', 0, 100)),
    on(threeSlices, 4, retrain('b', 0, 90)),
  )

  test('a lost instance blocks its placement and asks for a plan', () => {
    const own = world()
    accept(own, 0, both)
    own.run(20)
    own.send({ kind: 'instance-failed', instanceId: 'gpu0/9@0#1', atSeconds: 20 })
    own.run(40)
    expect(own.state.gpus[0]?.blocked).toEqual([{ start: 0, size: 4, reason: 'failed' }])
    expect(own.log).toContain('20 ask for a plan: failure')
    expect(phases(own)).toEqual(['9@4 b training'])
    own.send({ kind: 'placement-recovered', gpu: 0, start: 0, atSeconds: 40 })
    own.run(80)
    expect(phases(own)).toContain('9@0 a serving')
  })

  test('a dead worker is started again on its instance', () => {
    const own = world()
    accept(own, 0, both)
    own.run(20)
    own.send({ kind: 'worker-failed', instanceId: 'gpu0/9@0#1', atSeconds: 20 })
    own.run(30)
    expect(phases(own)).toContain('9@0 a serving')
  })

  test('a retraining without a checkpoint is lost with its instance', () => {
    const own = world()
    accept(own, 0, both)
    own.run(20)
    own.send({ kind: 'instance-failed', instanceId: 'gpu0/9@4#2', atSeconds: 20 })
    expect(own.state.tenants[1]?.job).toBeNull()
  })

  test('a destroy refused as in use is tried again, and given up after twenty times', () => {
    const own = world({ 'destroy-instance': 1000 })
    accept(own, 0, plan(0, 10, on(threeSlices, 0, serve('a', 0, 10))))
    accept(own, 20, plan(20, 90, on(fourSlices, 0, serve('a', 20, 90))))
    const operation = 'destroy' as const
    for (let tries = 0; tries < 20; tries += 1) {
      const instanceId = 'gpu0/9@0#1'
      const atSeconds = 21 + tries
      own.run(atSeconds)
      own.send({ kind: 'operation-failed', operation, gpu: 0, instanceId, atSeconds })
    }
    expect(own.effectsOf('destroy-instance')).toHaveLength(20)
    expect(own.log).toContain('40 ask for a plan: failure')
    expect(own.state.gpus[0]?.blocked).toHaveLength(1)
  })
})

test('time does not run backwards', () => {
  const own = world()
  own.send({ kind: 'time-reached', atSeconds: 5 })
  expect(() => own.send({ kind: 'time-reached', atSeconds: 4 })).toThrow(/backwards/)
})
