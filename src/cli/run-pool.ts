import { availableParallelism } from 'node:os'
import type { RunResult } from '../observe/run-result.ts'
import type { RunTask, RunTaskContext } from './run-task.ts'
import { runOnWorkers } from './worker-pool.ts'

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
  let given = 0
  await runOnWorkers<RunTask, RunResult>({
    script: new URL('./run-worker.js', import.meta.url),
    workerData: context,
    size: Math.min(tasks.length, options.workers ?? availableParallelism()),
    next: () => {
      given += 1
      return tasks[given - 1] ?? null
    },
    onResult: (result, task) => {
      results[tasks.indexOf(task)] = result
      options.onDone(task)
    },
  })
  return results
}
