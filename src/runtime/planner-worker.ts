import { parentPort } from 'node:worker_threads'
import { must } from '../base/assert.ts'
import {
  loadedMessage,
  type PlannerMessage,
  type PlannerRequest,
  planInThread,
} from './planner-work.ts'

/** A worker thread: plans one problem after another. What it throws ends it; its owner knows. */
const port = must(parentPort, 'planner-worker.js runs as a worker thread only')

port.on('message', (request: PlannerRequest) => {
  planInThread(request, (message: PlannerMessage) => port.postMessage(message))
})
port.postMessage(loadedMessage)
