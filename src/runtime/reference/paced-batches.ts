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
 * A batch begins when its first request comes, takes in what comes within the pace's `joinSeconds`,
 * has `execute` do the real work, and ends when its pace says so. Timers that fire late would make
 * every batch slower than its figure, so the next one is given that time back.
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
      const batch = take([])
      await until(fromSeconds + pace.joinSeconds)
      take(batch)
      const items = batch.reduce((sum, each) => sum + each.items, 0)
      const doneSeconds = fromSeconds + pacedSeconds(pace, items)
      settle(batch)
      await until(doneSeconds)
      debtSeconds = Math.min(lateSecondsMax, performance.now() / 1000 - doneSeconds)
      for (const { resolve } of batch) resolve()
    }
    isBusy = false
  }

  /** Adds those that wait, in order, while they fit; the first goes however large it is. */
  function take(batch: Waiting<T>[]): Waiting<T>[] {
    let items = batch.reduce((sum, each) => sum + each.items, 0)
    for (;;) {
      const next = waiting[0]
      if (next === undefined || (items > 0 && items + next.items > itemsMax)) return batch
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

/** By the timer, which is up to a millisecond early or late; never early here. */
async function until(atSeconds: number): Promise<void> {
  for (;;) {
    const leftMs = 1000 * atSeconds - performance.now()
    if (leftMs <= 0) return
    await new Promise((resolve) => setTimeout(resolve, leftMs))
  }
}
