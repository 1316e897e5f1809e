import { parentPort, workerData } from 'node:worker_threads'
import { must } from '../base/assert.ts'
import type { RunResult } from '../observe/run-result.ts'
import { createLab } from './lab.ts'
import type { RunTask, RunTaskContext } from './run-task.ts'

/** A worker thread: simulates one task after another on the site it was started with. */
const port = must(parentPort, 'run-worker.js runs as a worker thread only')
const { source } = workerData as RunTaskContext
const lab = createLab(source)

port.on('message', (task: RunTask) => {
  lab
    .then((ready) => ready.run(task.policy, task.seed))
    .then((result: RunResult) => port.postMessage(result))
    .catch((error: unknown) => {
      // Thrown outside the promise chain so that it reaches the main thread as an 'error' event.
      setImmediate(() => {
        throw error
      })
    })
})
