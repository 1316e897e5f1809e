import { describe, expect, test } from 'vitest'
import { a100Gb80 } from '../core/mig/catalog/a100-80gb.ts'
import type { Effect } from './effects.ts'
import type { ExecutorEvent } from './events.ts'
import { type SafetyModel, safetyModel, watchEffect, watchEvent } from './safety.ts'

type Happening = Effect | ExecutorEvent

const create = (instanceId: string, profileId: number, start: number): Effect => ({
  kind: 'create-instance',
  gpu: 0,
  instanceId,
  profileId,
  start,
})
const done = (instanceId: string, operation: 'create' | 'destroy' = 'create'): ExecutorEvent => ({
  kind: 'operation-done',
  operation,
  gpu: 0,
  instanceId,
  atSeconds: 0,
})
const destroy = (instanceId: string): Effect => ({ kind: 'destroy-instance', gpu: 0, instanceId })
const serve = (instanceId: string, tenant = 'a'): Effect => ({
  kind: 'start-worker',
  instanceId,
  tenant,
  task: { kind: 'inference', version: 'v' },
})
const train = (instanceId: string, tenant = 'a'): Effect => ({
  kind: 'start-worker',
  instanceId,
  tenant,
  task: { kind: 'retraining', jobId: 'j', configurationId: 'full', resumes: false },
})
const told = (
  kind: 'worker-ready' | 'serving' | 'server-drained' | 'instance-failed' | 'worker-stopped',
  instanceId: string,
): ExecutorEvent => ({ kind, instanceId, atSeconds: 0 })
const routed = (instanceId: string): Effect => ({ kind: 'route-add', instanceId, tenant: 'a' })
const drain = (instanceId: string): Effect => ({ kind: 'route-drain', instanceId, tenant: 'a' })
const stop = (instanceId: string): Effect => ({ kind: 'stop-worker', instanceId })
const load = (instanceId: string): Effect => ({ kind: 'load-version', instanceId, version: 'w' })
const checkpoint = (instanceId: string): Effect => ({ kind: 'checkpoint', instanceId, jobId: 'j' })

/** Instances x and y (3g at 0 and 4), x serving tenant a. */
const serving: readonly Happening[] = [
  create('x', 9, 0),
  done('x'),
  create('y', 9, 4),
  done('y'),
  serve('x'),
  told('worker-ready', 'x'),
  routed('x'),
  told('serving', 'x'),
]

/** The breaches of the last happening, after others that must have none. */
function breachesOf(...happenings: readonly Happening[]): readonly string[] {
  let model: SafetyModel = safetyModel([a100Gb80])
  let breaches: readonly string[] = []
  for (const [i, happening] of happenings.entries()) {
    if ('atSeconds' in happening && happening.kind !== 'set-timer') {
      model = watchEvent(model, happening)
      continue
    }
    const watched = watchEffect(model, happening as Effect)
    if (i < happenings.length - 1) expect(watched.breaches).toEqual([])
    model = watched.model
    breaches = watched.breaches
  }
  return breaches
}

describe('the safety rules catch', () => {
  const planted: readonly (readonly [string, readonly Happening[], RegExp])[] = [
    ['instances that overlap', [...serving, create('z', 14, 2)], /cannot exist .* overlap/],
    [
      'more compute slices than there are',
      [create('x', 5, 0), done('x'), create('y', 9, 4), done('y'), create('z', 19, 3)],
      /cannot exist/,
    ],
    [
      'slices that failed',
      [create('x', 9, 0), done('x'), told('instance-failed', 'x'), create('z', 19, 1)],
      /blocked slices/,
    ],
    ['two operations at a time', [create('x', 9, 0), create('y', 9, 4)], /two operations/],
    ['an id used twice', [...serving, create('x', 9, 0)], /exists already/],
    ['a worker on no instance', [serve('x')], /not live/],
    ['a worker on what is being created', [create('x', 9, 0), serve('x')], /not live/],
    ['a second worker', [...serving, serve('x', 'b')], /second worker/],
    ['a tenant training twice', [...serving.slice(0, 4), train('x'), train('y')], /two places/],
    ['traffic before readiness', [...serving.slice(0, 5), routed('x')], /while starting/],
    ['draining what does not serve', [...serving.slice(0, 6), drain('x')], /while ready/],
    ['stopping what serves', [...serving, stop('x')], /while serving/],
    ['stopping what still drains', [...serving, drain('x'), stop('x')], /while draining/],
    [
      'stopping a training without a checkpoint',
      [...serving.slice(0, 4), train('x'), told('worker-ready', 'x'), stop('x')],
      /while training/,
    ],
    ['a checkpoint of what does not train', [...serving, checkpoint('x')], /while serving/],
    ['destroying under a worker', [...serving, destroy('x')], /under its worker/],
    ['destroying what is not there', [destroy('x')], /not live/],
    [
      'swapping versions in two places',
      [
        ...serving,
        serve('y'),
        told('worker-ready', 'y'),
        routed('y'),
        told('serving', 'y'),
        load('x'),
        load('y'),
      ],
      /two places/,
    ],
  ]
  for (const [name, happenings, sentence] of planted) {
    test(name, () => {
      expect(breachesOf(...happenings).join()).toMatch(sentence)
    })
  }
})

test('the safety rules allow a life from creation to destruction', () => {
  const rest = [drain('x'), told('server-drained', 'x'), stop('x'), told('worker-stopped', 'x')]
  expect(breachesOf(...serving, ...rest, destroy('x'))).toEqual([])
})
