import { parentPort, workerData } from 'node:worker_threads'
import { must } from '../../base/assert.ts'
import { DeviceError } from '../device-error.ts'
import { ask } from './ask.ts'
import { type Library, loadLibrary } from './library.ts'
import type { CallReply, CallRequest, CallThreadData } from './messages.ts'
import { createSession, type Session } from './session.ts'

/** The body of a thread that makes NVML calls, one after the other: whoever waits, waits here. */
const port = must(parentPort, 'This runs as a worker thread')
const { library: path } = workerData as CallThreadData
let opened: { readonly library: Library; readonly session: Session } | null = null

port.on('message', (request: CallRequest) => port.postMessage(reply(request)))

function reply({ id, call, values }: CallRequest): CallReply {
  try {
    return { id, kind: 'done', value: run(call, values) }
  } catch (error) {
    if (error instanceof DeviceError) return { id, kind: 'refused', failure: error.failure }
    return { id, kind: 'broken', message: error instanceof Error ? String(error.stack) : 'thrown' }
  }
}

function run(call: CallRequest['call'], values: readonly unknown[]): unknown {
  const { library, session } = open()
  if (call === 'init') return ask(library, 'open NVML', 'nvmlInit_v2', [])
  if (call === 'shutdown') return ask(library, 'close NVML', 'nvmlShutdown', [])
  const method = session[call] as (...given: readonly unknown[]) => unknown
  return method(...values)
}

function open(): { readonly library: Library; readonly session: Session } {
  if (opened === null) {
    const library = loadLibrary(path)
    opened = { library, session: createSession(library) }
  }
  return opened
}
