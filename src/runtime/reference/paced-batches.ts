import { pacedSeconds, type ServingPace } from './pace.ts'

/** Executes what is asked at the same time as one batch, one batch at a time, at a given pace. */
export type PacedBatches<T> = {
  /** Resolves with the request's own result once its batch is through. */
  readonly submit: (request: T, items: number) => Promise<void>
  readonly queued: () => number
}

type Waiting<T> = {
  readonly request: T
  readonly items: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** What timers are late by, up to this much, is made up for by the next batch; more is lost. */
const lateSecondsMax = 0.003

/**
 * A batch begins when its first request comes and takes, from then on, what its pace says for all
 * that is in it; then `execute` does the real work. What comes before it is over belongs to it, as
 * far as it fits: the router cuts the batches and sends nothing to a server that executes, so that
 * is the rest of the same batch, which on a busy machine arrives over several milliseconds. No load
 * gets more out of it than the pace's figures: a batch of n takes no less than n's time. Timers
 * that fire late would make every batch slower than its figure, so the next one is given that time
 * back.
 */
export function pacedBatches<T>(
  pace: ServingPace,
  execute: (requests: readonly T[]) => void,
): PacedBatches<T> {
  const itemsMax = pace.latencySeconds.length - 1
  const waiting: Waiting<T>[] = []
  let isBusy = false
  let debtSeconds = 0
  return { submit, queued: () => waiting.length }

  function submit(request: T, items: number): Promise<void> {
    return new Promise((resolve, reject) => {
      waiting.push({ request, items, resolve, reject })
      if (!isBusy) void run()
    })
  }

  async function run(): Promise<void> {
    isBusy = true
    while (waiting.length > 0) {
      const fromSeconds = performance.now() / 1000 - debtSeconds
      const batch: Waiting<T>[] = []
      let doneSeconds = fromSeconds
      while (take(batch)) {
        doneSeconds = fromSeconds + pacedSeconds(pace, itemsIn(batch))
        await until(doneSeconds)
      }
      settle(batch)
      debtSeconds = Math.min(lateSecondsMax, performance.now() / 1000 - doneSeconds)
      for (const { resolve } of batch) resolve()
    }
    isBusy = false
  }

  /**
   * Moves those that wait into the batch, in order, while they fit; the first goes however large
   * it is. False when none did.
   */
  function take(batch: Waiting<T>[]): boolean {
    const before = batch.length
    let items = itemsIn(batch)
    for (;;) {
      const next = waiting[0]
      if (next === undefined || (items > 0 && items + next.items > itemsMax)) {
        return batch.length > before
      }
      items += next.items
      batch.push(next)
      waiting.shift()
    }
  }

  function settle(batch: readonly Waiting<T>[]): void {
    try {
      execute(batch.map(({ request }) => request))
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
}

function itemsIn(batch: readonly Waiting<unknown>[]): number {
  return batch.reduce((sum, { items }) => sum + items, 0)
}

/** By the timer, which is up to a millisecond early or late; never early here. */
async function until(atSeconds: number): Promise<void> {
  for (;;) {
    const leftMs = 1000 * atSeconds - performance.now()
    if (leftMs <= 0) return
    await new Promise((resolve) => setTimeout(resolve, leftMs))
  }
}
