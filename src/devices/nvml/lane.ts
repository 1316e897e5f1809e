import { Worker } from 'node:worker_threads'
import { AssertionError } from '../../base/assert.ts'
import { DeviceError } from '../device-error.ts'
import { plainState } from '../explain.ts'
import type { CallReply, CallRequest, CallThreadData } from './messages.ts'

/** A thread of its own for NVML calls, which are made there in the order they come. */
export type Lane = {
  readonly call: (call: CallRequest['call'], values: readonly unknown[]) => Promise<unknown>
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
  const worker = new Worker(new URL('./call-thread.js', import.meta.url), { workerData })
  const waiting = new Map<number, Waiting>()
  let calls = 0
  let ended: Error | null = null
  let onIdle = (): void => undefined

  const settle = (id: number, use: (one: Waiting) => void): void => {
    const one = waiting.get(id)
    if (one === undefined) return
    clearTimeout(one.timer)
    waiting.delete(id)
    use(one)
    if (waiting.size > 0) return
    worker.unref()
    onIdle()
  }
  const end = (error: Error): void => {
    ended = error
    for (const id of [...waiting.keys()]) settle(id, ({ reject }) => reject(error))
  }
  worker.unref()
  worker.on('message', (reply: CallReply) => settle(reply.id, (one) => answer(one, reply)))
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
        worker.ref()
        worker.postMessage({ id, call, values } satisfies CallRequest)
      }),
    stop: async (seconds) => {
      ended ??= closedError()
      const idle = new Promise<'idle'>((resolve) => {
        onIdle = () => resolve('idle')
      })
      if (waiting.size > 0 && (await Promise.race([idle, late(seconds)])) === 'still-busy') {
        return 'still-busy'
      }
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

function late(seconds: number): Promise<'still-busy'> {
  return new Promise((resolve) => {
    setTimeout(() => resolve('still-busy'), seconds * 1000).unref()
  })
}

function closedError(): DeviceError {
  const code = 'NVML_ERROR_UNINITIALIZED'
  return new DeviceError({ code, action: 'use NVML', state: plainState(code) })
}

function timeoutError(call: string, seconds: number): DeviceError {
  const state = `no answer after ${seconds} s; whether it was done is unknown`
  return new DeviceError({ code: 'NVML_ERROR_TIMEOUT', action: `wait for ${call}`, state })
}
