import { must } from '../../base/assert.ts'
import { mean, median } from '../../observe/statistics.ts'
import type { SentBatch } from './batch-sender.ts'
import type { MeasuredBatch } from './measured-table.ts'

export type BatchTiming =
  | { readonly kind: 'timed'; readonly outcome: MeasuredBatch['outcome'] }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'interrupted' }

export type TimedBatches = {
  readonly items: number
  readonly send: (signal: AbortSignal) => Promise<SentBatch>
  readonly seconds: number
  readonly signal: AbortSignal
}

/** A server's first answers at a size may compile, allocate and connect. */
const warmUpBatches = 3
const warmUpShare = 0.1
/** A median of fewer says little; slow batches take longer than they were given. */
const batchesMin = 10
const secondsFactorMax = 3

/**
 * One batch after the other, as the router gives them to a server that is never idle. What a batch
 * takes is from when its first request is sent until its last answer is here.
 */
export async function timeBatches(asked: TimedBatches): Promise<BatchTiming> {
  const { items, send, seconds, signal } = asked
  const warm = await repeat(asked, (count, spent) => {
    return count >= warmUpBatches && spent >= warmUpShare * seconds
  })
  if ('kind' in warm) return warm
  const times = await repeat({ send, signal }, (count, spent) => {
    return (count >= batchesMin && spent >= seconds) || spent >= secondsFactorMax * seconds
  })
  if ('kind' in times) return times
  const sorted = [...times].sort((a, b) => a - b)
  const outcome = {
    count: times.length,
    perSecond: items / mean(times),
    medianSeconds: median(times),
    p95Seconds: must(sorted[Math.ceil(0.95 * sorted.length) - 1]),
  }
  return { kind: 'timed', outcome }
}

/** Seconds of each batch, until it is enough. */
async function repeat(
  { send, signal }: Pick<TimedBatches, 'send' | 'signal'>,
  isEnough: (count: number, spentSeconds: number) => boolean,
): Promise<readonly number[] | Exclude<BatchTiming, { readonly kind: 'timed' }>> {
  const times: number[] = []
  let spent = 0
  while (!isEnough(times.length, spent)) {
    const sent = await send(signal)
    if (signal.aborted) return { kind: 'interrupted' }
    if (sent.kind === 'failed') return sent
    times.push(sent.seconds)
    spent += sent.seconds
  }
  return times
}
