import { parentPort } from 'node:worker_threads'
import { must } from '../base/assert.ts'
import { UsageError } from './usage-error.ts'
import type { WorkerMessage } from './worker-pool.ts'

/** The thread's side of worker-pool.ts: one task after another, results as they come. */
export function serveTasks<Task, Result>(
  handle: (task: Task, emit: (result: Result) => void) => Promise<void>,
): void {
  const port = must(parentPort, 'This file runs as a worker thread only')
  const say = (message: WorkerMessage<Result>) => port.postMessage(message)
  port.on('message', (task: Task) => {
    handle(task, (result) => say({ kind: 'result', result }))
      .then(() => say({ kind: 'free' }))
      .catch((error: unknown) => {
        if (error instanceof UsageError) {
          say({ kind: 'refused', message: error.message })
          return
        }
        // Thrown outside the promise chain so that it reaches the main thread as an 'error' event.
        setImmediate(() => {
          throw error
        })
      })
  })
}
