import { DeviceError } from '../devices/device-error.ts'

/** How often a refused call is tried again, and how long is waited in between, in seconds. */
export type Patience = {
  readonly busyTries: number
  readonly busyPauseSeconds: number
  /** For errors that may pass; each pause is twice the one before. */
  readonly backOffTries: number
  readonly backOffSeconds: number
}

/**
 * "In use" passes within some tenths of a second after a process has ended (FAR's authors and MISO
 * both wait for it), or never, when a monitor holds the instance: 10 s tell which.
 */
export const usualPatience: Patience = {
  busyTries: 40,
  busyPauseSeconds: 0.25,
  backOffTries: 4,
  backOffSeconds: 0.5,
}

export type Waiting = {
  readonly sleep: (seconds: number) => Promise<void>
  readonly patience: Patience
}

/** What a call came to. `unknown`: the driver could not even be asked whether it was done. */
export type Persisted<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'refused' | 'unknown'; readonly error: DeviceError }

/**
 * Tries until it is done, was done although an error was reported, or patience ends. No error is
 * believed: `look` tells whether it is done by now (the value, or undefined).
 */
export async function persist<T>(
  { sleep, patience }: Waiting,
  attempt: () => Promise<T>,
  look: (error: DeviceError, isFirst: boolean) => Promise<T | undefined>,
): Promise<Persisted<T>> {
  let [busy, backOffs] = [0, 0]
  for (;;) {
    const tried = await settle(attempt)
    if (tried.kind === 'done') return tried
    const { error } = tried
    const seen = await settle(() => look(error, busy + backOffs === 0))
    if (seen.kind === 'done' && seen.value !== undefined) {
      return { kind: 'done', value: seen.value }
    }
    if (error.retry === 'after-drain' && busy < patience.busyTries) {
      busy += 1
      await sleep(patience.busyPauseSeconds)
    } else if (isPassing(error, seen) && backOffs < patience.backOffTries) {
      await sleep(patience.backOffSeconds * 2 ** backOffs)
      backOffs += 1
    } else {
      return { kind: seen.kind === 'failed' ? 'unknown' : 'refused', error }
    }
  }
}

/** Tries to read until it can be read or patience ends. */
export async function persistentRead<T>(
  waiting: Waiting,
  read: () => Promise<T>,
): Promise<Persisted<T>> {
  return persist(waiting, read, async () => undefined)
}

type Settled<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: DeviceError }

/** Errors of the driver as values; anything else is no matter of patience. */
async function settle<T>(run: () => Promise<T>): Promise<Settled<T>> {
  try {
    return { kind: 'done', value: await run() }
  } catch (error) {
    if (error instanceof DeviceError) return { kind: 'failed', error }
    throw error
  }
}

function isPassing(error: DeviceError, seen: Settled<unknown>): boolean {
  if (error.retry === 'with-back-off') return true
  return seen.kind === 'failed' && seen.error.retry === 'with-back-off'
}
