import { expect, test } from 'vitest'
import type { WorkerEvent } from '../workers/worker-events.ts'
import { retrainingOutcome } from './measure-retraining.ts'

const common = { workerId: 'a', tenant: 'vision' }
const nothing = { loss: null, accuracy: null, secondsLeft: null }

function progress(atSeconds: number, fraction: number): WorkerEvent {
  return { ...common, kind: 'progress', atSeconds, epoch: 0, fraction, ...nothing }
}

const done: WorkerEvent = {
  ...common,
  ...{ kind: 'done', atSeconds: 60, version: 'v', versionDir: '/v' },
}

test('the whole work is told from the share that was done', () => {
  const outcome = retrainingOutcome([progress(10, 0.1), progress(30, 0.6)], { samples: 4000 })
  expect(outcome).toEqual({ seconds: 40, shareDone: 0.5, samplesPerSecond: 100 })
})

test('writing the version is no part of it, where the last epoch is told before', () => {
  const events = [progress(10, 0), progress(50, 1), done]
  expect(retrainingOutcome(events, { samples: 4000 })).toMatchObject({ seconds: 40, shareDone: 1 })
  const silent = [progress(10, 0), done]
  expect(retrainingOutcome(silent, { samples: 4000 })).toMatchObject({ seconds: 50, shareDone: 1 })
})

test('without progress there is nothing to tell it from', () => {
  const never = { didNotRun: 'it told of no progress in that time' }
  expect(retrainingOutcome([], { samples: 1 })).toEqual(never)
  expect(retrainingOutcome([progress(1, 0.5), progress(9, 0.5)], { samples: 1 })).toEqual(never)
})
