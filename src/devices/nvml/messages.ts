import type { DeviceEvent } from '../device.ts'
import type { DeviceFailure } from '../device-error.ts'
import type { SessionCall } from './session.ts'

/** What a thread for NVML calls is started with. */
export type CallThreadData = { readonly library: string }

/** `init` and `shutdown` are NVML's, once for the whole process; the others are calls on GPUs. */
export type CallRequest = {
  readonly id: number
  readonly call: SessionCall | 'init' | 'shutdown'
  readonly values: readonly unknown[]
}

export type CallReply =
  | { readonly id: number; readonly kind: 'done'; readonly value: unknown }
  | { readonly id: number; readonly kind: 'refused'; readonly failure: DeviceFailure }
  /** A bug of ours, in words. */
  | { readonly id: number; readonly kind: 'broken'; readonly message: string }

export type EventThreadData = {
  readonly library: string
  /** One 32-bit word; anything but 0 asks the thread to end. */
  readonly stop: SharedArrayBuffer
}

export type EventMessage =
  | { readonly kind: 'listening' }
  | { readonly kind: 'event'; readonly event: DeviceEvent }
  | { readonly kind: 'failed'; readonly failure: DeviceFailure }
