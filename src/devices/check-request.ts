import type { GpuInstanceRef, MigMode, Placement } from './device.ts'
import { DeviceError } from './device-error.ts'

/**
 * Values that reach a Device come from plan files, journals and command lines, so their types are
 * no promise. What is not of the right shape is refused here, before a driver sees it.
 */
export type Checker = {
  readonly gpu: (value: unknown) => string
  readonly id: (what: string, value: unknown) => number
  readonly placement: (value: unknown) => Placement
  readonly instance: (value: unknown) => GpuInstanceRef
  readonly mode: (value: unknown) => MigMode
  readonly uuid: (value: unknown) => string
  /** The value as an object whose fields are still unknown. */
  readonly fields: (what: string, value: unknown) => Readonly<Record<string, unknown>>
}

/** What is no 32-bit count or id, or no short text, throws NVML_ERROR_INVALID_ARGUMENT. */
export function checkerFor(action: string): Checker {
  const refuse = (what: string, value: unknown, expected: string): never => {
    const state = `${what} is ${printed(value)}, not ${expected}`
    throw new DeviceError({ code: 'NVML_ERROR_INVALID_ARGUMENT', action, state })
  }
  const id = (what: string, value: unknown): number =>
    isUint32(value) ? value : refuse(what, value, 'a whole number from 0 to 4294967294')
  const text = (what: string, value: unknown): string =>
    isShortText(value) ? value : refuse(what, value, 'a text of 1 to 95 printable characters')
  const fields = (what: string, value: unknown): Readonly<Record<string, unknown>> =>
    typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : refuse(what, value, 'an object')
  const placement = (value: unknown): Placement => {
    const { start, size } = fields('the placement', value)
    return { start: id('the start', start), size: id('the size', size) }
  }
  return {
    id,
    fields,
    placement,
    gpu: (value) => text('the GPU', value),
    uuid: (value) => text('the uuid', value),
    instance: (value) => {
      const own = fields('the GPU instance', value)
      return {
        id: id('the GPU instance id', own['id']),
        profileId: id('the profile id', own['profileId']),
        placement: placement(own['placement']),
      }
    },
    mode: (value) =>
      value === 'enabled' || value === 'disabled'
        ? value
        : refuse('the MIG mode', value, "'enabled' or 'disabled'"),
  }
}

/** 0xffffffff is NVML's word for none. */
function isUint32(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 0xffff_ffff
}

function isShortText(value: unknown): value is string {
  return typeof value === 'string' && /^[\x20-\x7e]{1,95}$/.test(value)
}

function printed(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40))
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}
