import { setTimeout as wait } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { must } from '../../base/assert.ts'
import type { DeviceEvent } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import { plainState } from '../explain.ts'
import { type ErrorCode, errorCodeOf } from '../return-codes.ts'
import { ask } from './ask.ts'
import { openGpus, uuidOf } from './gpu-handles.ts'
import { type Handle, handleBytes, handleFrom, readHandle } from './handles.ts'
import { type Library, loadLibrary } from './library.ts'
import type { EventMessage, EventThreadData } from './messages.ts'
import { readStruct, structBuffer } from './structs.ts'

/**
 * The body of the thread that waits for NVML's events. A wait cannot be ended from outside, so each
 * is short.
 */
const waitMs = 500
/** Between waits that come back at once with an error, as they do once a GPU is lost. */
const pauseMs = 500

const xidCritical = 0x8n
const migConfigChange = 0x100n
const noId = 0xffff_ffff
const action = 'wait for GPU events'

const port = must(parentPort, 'This runs as a worker thread')
const { library: path, stop } = workerData as EventThreadData
const stopWord = new Int32Array(stop)

void listen().catch((error: unknown) => {
  const state = error instanceof Error ? error.message : String(error)
  const failure = { code: 'NVML_ERROR_UNKNOWN', action, state } as const
  send({ kind: 'failed', failure: error instanceof DeviceError ? error.failure : failure })
})

async function listen(): Promise<void> {
  const library = loadLibrary(path)
  const set = registerAll(library)
  send({ kind: 'listening' })
  let lastError: ErrorCode | null = null
  while (Atomics.load(stopWord, 0) === 0) {
    const data = structBuffer('nvmlEventData_t')
    const number = library.call('nvmlEventSetWait_v2', [set, data, waitMs])
    const code = number === 0 ? null : errorCodeOf(number)
    if (code === null) tell(library, data)
    else if (code !== 'NVML_ERROR_TIMEOUT') {
      if (code !== lastError) report(code)
      await wait(pauseMs)
    }
    lastError = code
  }
  ask(library, action, 'nvmlEventSetFree', [set])
  port.close()
}

function registerAll(library: Library): Handle<'event-set'> {
  const buffer = Buffer.alloc(handleBytes)
  ask(library, action, 'nvmlEventSetCreate', [buffer])
  const set = readHandle('event-set', buffer)
  for (const { handle } of openGpus(library, action)) {
    const types = Buffer.alloc(8)
    ask(library, action, 'nvmlDeviceGetSupportedEventTypes', [handle, types])
    const wanted = types.readBigUInt64LE(0) & (xidCritical | migConfigChange)
    if (wanted !== 0n) ask(library, action, 'nvmlDeviceRegisterEvents', [handle, wanted, set])
  }
  return set
}

function tell(library: Library, data: Buffer): void {
  const own = readStruct('nvmlEventData_t', data)
  const gpu = own.device === 0n ? null : uuidOf(library, handleFrom('device', own.device))
  if (gpu === null) return
  if (own.eventType === migConfigChange) {
    send({ kind: 'event', event: { kind: 'mig-config-change', gpu } })
  } else if (own.eventType === xidCritical) {
    const xid = Number(own.eventData)
    const gpuInstanceId = own.gpuInstanceId === noId ? null : own.gpuInstanceId
    const computeInstanceId = own.computeInstanceId === noId ? null : own.computeInstanceId
    send({ kind: 'event', event: { kind: 'xid', gpu, xid, gpuInstanceId, computeInstanceId } })
  }
}

/** A GPU that is lost is an event; anything else ends the listening. */
function report(code: ErrorCode): void {
  if (code !== 'NVML_ERROR_GPU_IS_LOST') {
    throw new DeviceError({ code, action, state: plainState(code) })
  }
  const event: DeviceEvent = { kind: 'gpu-lost', gpu: null }
  send({ kind: 'event', event })
}

function send(message: EventMessage): void {
  port.postMessage(message)
}
