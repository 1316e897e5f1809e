import { parentPort, workerData } from 'node:worker_threads'
import { must } from '../../base/assert.ts'
import { LoadGenerator } from './load-generator.ts'
import type { LoadAnswer, LoadMessage, LoadPlan } from './load-plan.ts'

/** The load generator has a thread of its own, so that what it measures is not its own waiting. */
const port = must(parentPort, 'load-thread.js runs as a worker thread only')
const generator = new LoadGenerator(workerData as LoadPlan)

port.on('message', (message: LoadMessage) => {
  if (message.kind === 'go') generator.start(message.target)
  else if (message.kind === 'stop') generator.stop()
  else port.postMessage(generator.report() satisfies LoadAnswer)
})
port.postMessage({ kind: 'ready' } satisfies LoadAnswer)
