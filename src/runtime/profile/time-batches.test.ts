import { expect, test } from 'vitest'
import { must } from '../../base/assert.ts'
import { timeBatches } from './time-batches.ts'

/** A worker whose n-th batch takes the n-th of these seconds, and then the last. */
function worker(times: readonly number[]) {
  let sent = 0
  return {
    count: () => sent,
    send: async () => {
      const seconds = must(times[Math.min(sent, times.length - 1)])
      sent += 1
      return { kind: 'answered', seconds } as const
    },
  }
}

const { signal } = new AbortController()

test('the first batches warm up and are not counted', async () => {
  const { send, count } = worker([9, 9, 9, 0.5])
  const timing = await timeBatches({ items: 4, send, seconds: 10, signal })
  expect(timing).toEqual({
    kind: 'timed',
    outcome: { count: 20, perSecond: 8, medianSeconds: 0.5, p95Seconds: 0.5 },
  })
  expect(count()).toBe(23)
})

test('throughput is by the mean, so slow batches count with their time', async () => {
  const { send } = worker([1, 1, 1, 3, 1])
  const timing = await timeBatches({ items: 1, send, seconds: 12, signal })
  expect(timing).toMatchObject({ outcome: { count: 10, medianSeconds: 1, p95Seconds: 3 } })
  expect(
    timing.kind === 'timed' && 'perSecond' in timing.outcome && timing.outcome.perSecond,
  ).toBeCloseTo(10 / 12)
})

test('a slow worker gets more time, and not without end', async () => {
  const few = await timeBatches({ items: 1, ...worker([2]), seconds: 10, signal })
  expect(few).toMatchObject({ outcome: { count: 10 } })
  const fewer = await timeBatches({ items: 1, ...worker([10]), seconds: 10, signal })
  expect(fewer).toMatchObject({ outcome: { count: 3 } })
})

test('a failure ends it, and so does the signal', async () => {
  const failed = { kind: 'failed', reason: 'status 500' } as const
  expect(await timeBatches({ items: 1, send: async () => failed, seconds: 1, signal })).toEqual(
    failed,
  )
  const send = async () => ({ kind: 'answered', seconds: 1 }) as const
  const aborted = { items: 1, send, seconds: 1, signal: AbortSignal.abort() }
  expect(await timeBatches(aborted)).toEqual({ kind: 'interrupted' })
})
