import { DeviceError } from '../device-error.ts'
import { plainState } from '../explain.ts'
import { type ErrorCode, errorCodeOf } from '../return-codes.ts'
import type { Library } from './library.ts'
import type { ArgumentsOf, FunctionName } from './signatures.ts'

/** A call on behalf of `action`, which a message would name; any error code throws DeviceError. */
export function ask<N extends FunctionName>(
  library: Library,
  action: string,
  name: N,
  values: ArgumentsOf<N>,
): void {
  demandSuccess(action, tryAsk(library, name, values))
}

export function demandSuccess(action: string, code: ErrorCode | null): void {
  if (code !== null) throw new DeviceError({ code, action, state: plainState(code) })
}

/** The error code, or null: it went well. */
export function tryAsk<N extends FunctionName>(
  library: Library,
  name: N,
  values: ArgumentsOf<N>,
): ErrorCode | null {
  const number = library.call(name, values)
  return number === 0 ? null : errorCodeOf(number)
}

/** The 32-bit number that the call writes. */
export function newCount(): Buffer {
  return Buffer.alloc(4)
}

export function readCount(buffer: Buffer): number {
  return buffer.readUInt32LE(0)
}

/** Whether an error is about something that has gone in the meantime. */
export function isGone(code: ErrorCode | null): boolean {
  return code === 'NVML_ERROR_INVALID_ARGUMENT' || code === 'NVML_ERROR_NOT_FOUND'
}
