import { Worker } from 'node:worker_threads'
import type { DeviceEvent } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import type { EventMessage, EventThreadData } from './messages.ts'

/** Events that wait for a slow reader; older ones are dropped beyond it. */
const backlogMax = 1024

export type EventStream = {
  readonly events: AsyncIterable<DeviceEvent>
  /** Once the thread has left NVML. */
  readonly ended: Promise<void>
}

/**
 * GPU events from a thread of their own, from the moment this comes back until the signal ends
 * them. A driver that cannot tell events throws DeviceError.
 */
export async function openEventStream(library: string, signal: AbortSignal): Promise<EventStream> {
  const stop = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
  const workerData: EventThreadData = { library, stop }
  const worker = new Worker(new URL('./event-thread.js', import.meta.url), {
    workerData,
    execArgv: [],
  })
  const mailbox = createMailbox()
  const end = (): void => {
    Atomics.store(new Int32Array(stop), 0, 1)
    mailbox.close()
  }
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  worker.on('message', mailbox.put)
  worker.on('error', (error) => mailbox.put(deathOf(error)))
  if (signal.aborted) end()
  signal.addEventListener('abort', end)
  void ended.then(() => signal.removeEventListener('abort', end))

  const first = await mailbox.take()
  if (first?.kind === 'failed') {
    end()
    throw new DeviceError(first.failure)
  }
  return { events: readAll(mailbox, end), ended }
}

async function* readAll(mailbox: Mailbox, end: () => void): AsyncGenerator<DeviceEvent> {
  try {
    for (;;) {
      const message = await mailbox.take()
      if (message === null) return
      if (message.kind === 'failed') throw new DeviceError(message.failure)
      if (message.kind === 'event') yield message.event
    }
  } finally {
    end()
  }
}

type Mailbox = {
  readonly put: (message: EventMessage) => void
  /** Null once it is closed. */
  readonly take: () => Promise<EventMessage | null>
  readonly close: () => void
}

function createMailbox(): Mailbox {
  const backlog: EventMessage[] = []
  let wake = (): void => undefined
  let isClosed = false
  return {
    put: (message) => {
      backlog.push(message)
      if (backlog.length > backlogMax) backlog.shift()
      wake()
    },
    take: async () => {
      while (!isClosed) {
        const message = backlog.shift()
        if (message !== undefined) return message
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return null
    },
    close: () => {
      isClosed = true
      wake()
    },
  }
}

function deathOf(error: Error): EventMessage {
  const state = `its thread died: ${error.message}`
  const failure = { code: 'NVML_ERROR_UNKNOWN', action: 'wait for GPU events', state } as const
  return { kind: 'failed', failure }
}
