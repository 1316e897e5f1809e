import { type ErrorCode, type Retry, retryOf } from './return-codes.ts'

/** What a DeviceError says, as plain data that can cross a thread. */
export type DeviceFailure = {
  readonly code: ErrorCode
  /** What was tried, as a verb phrase: `destroy GPU instance 3 on GPU 0`. */
  readonly action: string
  /** Why not, as a clause: `it still has compute instances`. */
  readonly state: string
  /** Processes known to hold what was to change. */
  readonly pids?: readonly number[]
}

/** The driver refused, or could not be asked. `retry` says what the caller does next. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError'
  readonly code: ErrorCode
  readonly retry: Retry
  readonly failure: DeviceFailure

  constructor(failure: DeviceFailure) {
    const { action, code, state, pids = [] } = failure
    const held = pids.length === 0 ? '' : `, held by pid ${pids.join(', ')}`
    super(`Cannot ${action}: ${state}${held} (${code})`)
    this.code = code
    this.retry = retryOf[code]
    this.failure = failure
  }

  /** Processes known to hold what was to change; empty when none is known. */
  get pids(): readonly number[] {
    return this.failure.pids ?? []
  }
}
