import { setTimeout as wait } from 'node:timers/promises'
import { count, duration } from '../../observe/units.ts'
import { largest, type MeasureContext } from './measure-context.ts'
import { leftOut, type MeasuredBatch } from './measured-table.ts'
import { ProfileError } from './profile-error.ts'
import type { RequestMaker } from './request-bodies.ts'
import { requestsFor, type ServingWorker, startServing } from './serving-worker.ts'
import { timeBatches } from './time-batches.ts'

export type ServingWish = {
  /** Batch sizes in items, ascending. */
  readonly batches: readonly number[]
  /** Larger ones are left out once one takes longer; null: none is. */
  readonly latencySecondsMax: number | null
  readonly starts: number
  /** Of each batch size. */
  readonly seconds: number
}

export type MeasureOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'interrupted' }
  /** It never got ready here: whether it would elsewhere decides what that means. */
  | { readonly kind: 'not-ready'; readonly message: string; readonly logPath: string }

/** What of it is not there yet. */
export function missingServing(
  { startSeconds, batches }: ReturnType<MeasureContext['found']>,
  wish: ServingWish,
): { readonly starts: number; readonly batches: readonly number[] } {
  const tooSlow = batches.find(({ outcome }) => isBeyond(outcome, wish))?.items ?? Infinity
  const missing = wish.batches.filter(
    (size) => size < tooSlow && !batches.some(({ items }) => items === size),
  )
  // A worker that does not start here is not started again and again.
  const isKnown = batches.length > 0 && batches.every(({ outcome }) => 'didNotRun' in outcome)
  return { starts: isKnown ? 0 : Math.max(0, wish.starts - startSeconds.length), batches: missing }
}

/** Starts, then every batch size that is missing, each kept as soon as it is there. */
export async function measureServing(
  context: MeasureContext,
  wish: ServingWish,
): Promise<MeasureOutcome> {
  const missing = missingServing(context.found(), wish)
  if (missing.starts === 0 && missing.batches.length === 0) return { kind: 'done' }
  let worker: ServingWorker | null = null
  for (let i = 0; i < Math.max(1, missing.starts); i += 1) {
    await worker?.stop()
    const started = await startServing(context)
    if (started.kind !== 'ready') return started
    worker = started
    if (i < missing.starts) keepStart(context, started)
  }
  if (worker === null) return { kind: 'done' }
  const batches = new BatchSizes(context, worker)
  try {
    return await batches.measure(missing.batches, wish)
  } finally {
    await batches.close()
  }
}

function keepStart({ found, keep, tell, profile }: MeasureContext, started: ServingWorker): void {
  const before = found()
  keep({ ...before, startSeconds: [...before.startSeconds, started.readySeconds] })
  tell(`${profile}  ready after ${duration(started.readySeconds)}`)
}

function isBeyond(outcome: MeasuredBatch['outcome'], { latencySecondsMax }: ServingWish): boolean {
  return (
    latencySecondsMax !== null &&
    'medianSeconds' in outcome &&
    outcome.medianSeconds > latencySecondsMax
  )
}

/** How long a worker that has broken a connection gets to be seen as dead. */
const deathSeconds = 0.3

class BatchSizes {
  readonly #context: MeasureContext
  #worker: ServingWorker | null
  #maker: RequestMaker | null = null

  constructor(context: MeasureContext, worker: ServingWorker) {
    this.#context = context
    this.#worker = worker
  }

  async measure(sizes: readonly number[], wish: ServingWish): Promise<MeasureOutcome> {
    const { found, tell, profile } = this.#context
    for (const items of sizes) {
      const { batches } = found()
      const failed = batches.find((own) => own.items < items && 'didNotRun' in own.outcome)
      if (failed !== undefined) {
        await this.#keep(items, leftOut(failed.items))
        continue
      }
      const slow = batches.find((own) => own.items < items && isBeyond(own.outcome, wish))
      if (slow !== undefined) {
        const limit = duration(wish.latencySecondsMax ?? 0)
        tell(`${profile}  larger batches left out: ${slow.items} items take more than ${limit}`)
        break
      }
      const outcome = await this.#twice(items, wish.seconds)
      if (outcome === null) return { kind: 'interrupted' }
      if ('didNotRun' in outcome) this.#checkHasRun(items, outcome.didNotRun)
      await this.#keep(items, outcome)
    }
    return { kind: 'done' }
  }

  /** A worker that has answered nothing at all is asked the wrong thing, or is broken. */
  #checkHasRun(items: number, reason: string): void {
    const { hasRun, tenant, profile } = this.#context
    if (hasRun('batch')) return
    throw new ProfileError(
      'failed',
      `The worker of ${tenant.id} answered no batch of ${items} on ${profile}: ${reason}\n` +
        '  fix: give a request like those it gets with --request FILE, or smaller --batches',
    )
  }

  async close(): Promise<void> {
    await this.#worker?.stop()
    this.#worker = null
  }

  /** A failure counts once a fresh worker fails too; null: interrupted. */
  async #twice(items: number, seconds: number): Promise<MeasuredBatch['outcome'] | null> {
    const { tell, profile } = this.#context
    const first = await this.#once(items, seconds)
    if (first === null || !('didNotRun' in first)) return first
    tell(`${profile}  batch ${items} failed, once more on a fresh worker: ${first.didNotRun}`)
    return this.#once(items, seconds)
  }

  async #once(items: number, seconds: number): Promise<MeasuredBatch['outcome'] | null> {
    const { signal } = this.#context
    if (this.#worker === null) {
      const started = await startServing(this.#context)
      if (started.kind === 'interrupted') return null
      if (started.kind === 'not-ready') return { didNotRun: started.message }
      this.#worker = started
    }
    const worker = this.#worker
    this.#maker ??= await requestsFor(this.#context, worker.url)
    const bodies = this.#maker.batchOf(items)
    const send = (given: AbortSignal) => worker.sender.send(bodies, given)
    const timing = await timeBatches({ items, send, seconds, signal })
    if (timing.kind === 'interrupted') return null
    if (timing.kind === 'timed') return timing.outcome
    await wait(1000 * deathSeconds)
    const end = await worker.endWords()
    await this.close()
    return { didNotRun: end === null ? timing.reason : `the worker failed: ${end}` }
  }

  async #keep(items: number, outcome: MeasuredBatch['outcome']): Promise<void> {
    const { found, keep, memoryMiB, tell, profile } = this.#context
    const before = found()
    const told = this.#worker === null ? null : await memoryMiB()
    const batch = { items, date: new Date().toISOString(), outcome }
    const batches = [...before.batches, batch].sort((a, b) => a.items - b.items)
    keep({ ...before, batches, memoryMiB: largest(before.memoryMiB, told) })
    tell(`${profile}  batch ${items}  ${outcomeText(outcome)}`)
  }
}

function outcomeText(outcome: MeasuredBatch['outcome']): string {
  if ('didNotRun' in outcome) return `did not run: ${outcome.didNotRun}`
  const { perSecond, medianSeconds, p95Seconds } = outcome
  const rate = `${perSecond < 100 ? perSecond.toPrecision(3) : count(perSecond)} items/s`
  return `${rate}  median ${duration(medianSeconds)}  p95 ${duration(p95Seconds)}`
}
