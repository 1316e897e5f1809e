import { workerData } from 'node:worker_threads'
import type { RunResult } from '../observe/run-result.ts'
import { createLab } from './lab.ts'
import type { RunTask, RunTaskContext } from './run-task.ts'
import { serveTasks } from './worker-port.ts'

/** A worker thread: simulates one task after another on the site it was started with. */
const { source, policyFiles } = workerData as RunTaskContext
const lab = createLab(source, policyFiles)

serveTasks<RunTask, RunResult>(async ({ policy, seed }, emit) => {
  emit((await lab).run(policy, seed))
})
