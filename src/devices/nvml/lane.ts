import { Worker } from 'node:worker_threads'
import { AssertionError } from '../../base/assert.ts'
import { DeviceError } from '../device-error.ts'
import { plainState } from '../explain.ts'
import type { CallReply, CallRequest, CallThreadData } from './messages.ts'

/** A thread of its own for NVML calls, which are made there in the order they come. */
export type Lane = {
  readonly call: (call: CallRequest['call'], values: readonly unknown[]) => Promise<unknown>
  /** Whether nothing is under way, or no more before so many seconds have passed. */
  readonly idle: (patienceSeconds: number) => Promise<boolean>
  /** Takes no more calls and lets those under way finish, but waits no longer than that. */
  readonly stop: (patienceSeconds: number) => Promise<'stopped' | 'still-busy'>
}

type Waiting = {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/**
 * `patienceSeconds` is how long a call may take before it is given up: its outcome is then unknown,
 * and the lane stays busy until NVML comes back.
 */
export function openLane(library: string, patienceSeconds: number): Lane {
  const workerData: CallThreadData = { library }
  const worker = new Worker(new URL('./call-thread.js', import.meta.url), {
    workerData,
    // Flags of this process (`node -e` has one) are not the thread's.
    execArgv: [],
  })
  const waiting = new Map<number, Waiting>()
  let calls = 0
  /** Calls that NVML has not come back from, given up or not. */
  let underWay = 0
  let ended: Error | null = null
  const onIdle: (() => void)[] = []

  const settle = (id: number, use: (one: Waiting) => void): void => {
    const one = waiting.get(id)
    if (one === undefined) return
    clearTimeout(one.timer)
    waiting.delete(id)
    use(one)
    if (waiting.size === 0) worker.unref()
  }
  const end = (error: Error): void => {
    ended = error
    underWay = 0
    for (const id of [...waiting.keys()]) settle(id, ({ reject }) => reject(error))
    for (const tell of onIdle.splice(0)) tell()
  }
  const idle = async (seconds: number): Promise<boolean> => {
    if (underWay === 0) return true
    const told = new Promise<true>((resolve) => onIdle.push(() => resolve(true)))
    return Promise.race([told, late(seconds)])
  }
  worker.unref()
  worker.on('message', (reply: CallReply) => {
    settle(reply.id, (one) => answer(one, reply))
    underWay -= 1
    if (underWay === 0) for (const tell of onIdle.splice(0)) tell()
  })
  worker.on('error', (error) => end(new AssertionError(`The NVML thread died: ${error.stack}`)))
  worker.on('exit', () => end(closedError()))

  return {
    call: (call, values) =>
      new Promise((resolve, reject) => {
        if (ended !== null) return reject(ended)
        calls += 1
        const id = calls
        const giveUp = (): void =>
          settle(id, (one) => one.reject(timeoutError(call, patienceSeconds)))
        const timer = setTimeout(giveUp, patienceSeconds * 1000)
        waiting.set(id, { resolve, reject, timer })
        underWay += 1
        worker.ref()
        worker.postMessage({ id, call, values } satisfies CallRequest)
      }),
    idle,
    stop: async (seconds) => {
      ended ??= closedError()
      if (!(await idle(seconds))) return 'still-busy'
      await worker.terminate()
      return 'stopped'
    },
  }
}

function answer({ resolve, reject }: Waiting, reply: CallReply): void {
  if (reply.kind === 'done') resolve(reply.value)
  else if (reply.kind === 'refused') reject(new DeviceError(reply.failure))
  else reject(new AssertionError(reply.message))
}

function late(seconds: number): Promise<false> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), seconds * 1000).unref()
  })
}

export function closedError(): DeviceError {
  const code = 'NVML_ERROR_UNINITIALIZED'
  return new DeviceError({ code, action: 'use NVML', state: plainState(code) })
}

function timeoutError(call: string, seconds: number): DeviceError {
  const state = `no answer after ${seconds} s; whether it was done is unknown`
  return new DeviceError({ code: 'NVML_ERROR_TIMEOUT', action: `wait for ${call}`, state })
}
