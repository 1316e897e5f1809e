import { Worker } from 'node:worker_threads'
import { UsageError } from './usage-error.ts'

/** What a worker thread says: any number of results for a task, then that it is free. */
export type WorkerMessage<Result> =
  | { readonly kind: 'result'; readonly result: Result }
  | { readonly kind: 'free' }
  /** The user's move, not our bug: the message is for them. */
  | { readonly kind: 'refused'; readonly message: string }

/**
 * Gives tasks to worker threads (worker-port.ts) as these become free, until `next` has none left
 * for any of them. The first failure ends all threads and is thrown.
 */
export async function runOnWorkers<Task, Result>(options: {
  readonly script: URL
  readonly workerData: unknown
  readonly size: number
  /** The next task for that worker (0 .. size - 1), or null when there is none for it. */
  readonly next: (worker: number) => Task | null
  readonly onResult: (result: Result, task: Task) => void
}): Promise<void> {
  const { script, workerData, size, next, onResult } = options
  const workers = Array.from({ length: size }, () => new Worker(script, { workerData }))
  const serve = (worker: Worker, index: number) =>
    new Promise<void>((resolve, reject) => {
      let task: Task | null = null
      const give = () => {
        task = next(index)
        if (task === null) resolve()
        else worker.postMessage(task)
      }
      worker.on('message', (message: WorkerMessage<Result>) => {
        if (message.kind === 'refused') reject(new UsageError(message.message))
        else if (message.kind === 'free') give()
        else if (task !== null) onResult(message.result, task)
      })
      worker.once('error', reject)
      worker.once('exit', (code) => reject(new Error(`A run's thread ended with code ${code}`)))
      give()
    })
  try {
    await Promise.all(workers.map(serve))
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}
