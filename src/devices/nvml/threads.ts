import { DeviceError } from '../device-error.ts'
import { closedError, type Lane, openLane } from './lane.ts'
import type { CallRequest } from './messages.ts'

/** Whose calls are made one after the other: a GPU's uuid, or the node as a whole. */
export type Subject = string

export const wholeNode: Subject = 'node'

/** Threads for NVML calls. Calls of different subjects do not wait for each other. */
export type Threads = {
  readonly call: (
    subject: Subject,
    call: CallRequest['call'],
    values: readonly unknown[],
  ) => Promise<unknown>
  /** Takes no more calls; once those under way have ended, makes the last one, if any. */
  readonly stop: (patienceSeconds: number, last: CallRequest['call'] | null) => Promise<void>
}

type Waiting = {
  readonly subject: Subject
  readonly call: CallRequest['call']
  readonly values: readonly unknown[]
  readonly settle: (result: Promise<unknown>) => void
  timer: NodeJS.Timeout | undefined
}

/** How long a call waits for another subject's; starting a thread takes about that long. */
const patienceMs = 25

/**
 * One thread is shared for as long as nobody has to wait; a subject that did gets a thread of its
 * own from then on. So a short program on one GPU starts one thread, a slow call on one GPU keeps
 * no other one waiting for longer than a moment.
 */
export function openThreads(library: string, patienceSeconds: number): Threads {
  const shared = openLane(library, patienceSeconds)
  const own = new Map<Subject, Lane>()
  const waiting: Waiting[] = []
  let holder: Subject | null = null
  let isClosed = false

  const callOn = (lane: Lane, { call, values, settle, timer }: Waiting): Promise<unknown> => {
    clearTimeout(timer)
    const result = lane.call(call, values)
    settle(result)
    return result
  }
  const pump = (): void => {
    const next = holder === null ? waiting.shift() : undefined
    if (next === undefined) return
    holder = next.subject
    callOn(shared, next).then(free, (error: unknown) => {
      const isStuck = error instanceof DeviceError && error.code === 'NVML_ERROR_TIMEOUT'
      if (isStuck) leaveTo(next.subject)
      else free()
    })
  }
  const free = (): void => {
    holder = null
    pump()
  }
  /** The thread is stuck in NVML with that subject's call, so it is that subject's for good. */
  const leaveTo = (subject: Subject): void => {
    own.set(subject, shared)
    for (const one of [...waiting]) moveOut(one.subject)
  }
  const moveOut = (subject: Subject): void => {
    const lane = own.get(subject) ?? openLane(library, patienceSeconds)
    own.set(subject, lane)
    for (const one of waiting.filter((other) => other.subject === subject)) {
      waiting.splice(waiting.indexOf(one), 1)
      // Whoever asked is told of a failure; nobody else is.
      callOn(lane, one).catch(() => undefined)
    }
  }
  /** A subject with a call under way stays behind it, so that its calls keep their order. */
  const watch = (one: Waiting): void => {
    one.timer = setTimeout(() => {
      if (holder === null || holder === one.subject || isClosed) watch(one)
      else moveOut(one.subject)
    }, patienceMs)
  }

  return {
    call: (subject, call, values) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(closedError())
        const lane = own.get(subject)
        if (lane !== undefined) return resolve(lane.call(call, values))
        const one = { subject, call, values, settle: resolve, timer: undefined }
        waiting.push(one)
        watch(one)
        pump()
      }),
    stop: async (seconds, last) => {
      isClosed = true
      for (const one of waiting.splice(0)) callOn(shared, one).catch(() => undefined)
      const others = [...own.values()].filter((lane) => lane !== shared)
      const ends = await Promise.all(others.map((lane) => lane.stop(seconds)))
      // While a call is stuck inside NVML, shutting NVML down under it is worse than not to.
      const isIdle = (await shared.idle(seconds)) && !ends.includes('still-busy')
      if (isIdle && last !== null) {
        await shared.call(last, []).catch(() => undefined)
      }
      await shared.stop(seconds)
    },
  }
}
