import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { RunResult } from '../observe/run-result.ts'
import type { RunTask, RunTaskContext } from './run-task.ts'

/**
 * Runs every task on worker threads, at most one per processor, and returns the results in the
 * tasks' order. The first failure ends all threads and is thrown.
 */
export async function runTasks(
  context: RunTaskContext,
  tasks: readonly RunTask[],
  options: { readonly workers: number | null; readonly onDone: (task: RunTask) => void },
): Promise<readonly RunResult[]> {
  const results: RunResult[] = []
  let next = 0
  const size = Math.min(tasks.length, options.workers ?? availableParallelism())
  const script = new URL('./run-worker.js', import.meta.url)
  const workers = Array.from({ length: size }, () => new Worker(script, { workerData: context }))
  const serve = (worker: Worker) =>
    new Promise<void>((resolve, reject) => {
      const give = () => {
        const index = next
        next += 1
        const task = tasks[index]
        if (task === undefined) {
          resolve()
          return
        }
        worker.once('message', (result: RunResult) => {
          results[index] = result
          options.onDone(task)
          give()
        })
        worker.postMessage(task)
      }
      worker.once('error', reject)
      worker.once('exit', (code) => reject(new Error(`A run's thread ended with code ${code}`)))
      give()
    })
  try {
    await Promise.all(workers.map(serve))
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  return results
}
