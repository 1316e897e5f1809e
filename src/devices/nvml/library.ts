import koffi from 'koffi'
import { assert } from '../../base/assert.ts'
import { DeviceError } from '../device-error.ts'
import { plainState } from '../explain.ts'
import { pointerOf } from './handles.ts'
import { type ArgumentsOf, type FunctionName, type Parameter, signatures } from './signatures.ts'

/** NVML's functions in a library that is loaded. Every value is checked before C sees it. */
export type Library = {
  readonly path: string
  /** Whether this version of the library has that function. */
  readonly has: (name: FunctionName) => boolean
  /** NVML's return code. A wrong argument is a bug of ours and throws AssertionError. */
  readonly call: <N extends FunctionName>(name: N, values: ArgumentsOf<N>) => number
}

type Bound = (...values: readonly unknown[]) => number

/**
 * Loads libnvidia-ml.so.1 or what stands in for it. Functions are bound when first used, so a
 * driver that is older than some of them serves all the others.
 */
export function loadLibrary(path: string): Library {
  const loaded = open(path)
  const bound = new Map<FunctionName, Bound | null>()
  const find = (name: FunctionName): Bound | null => {
    const before = bound.get(name)
    if (before !== undefined) return before
    const found = bind(loaded, name)
    bound.set(name, found)
    return found
  }
  return {
    path,
    has: (name) => find(name) !== null,
    call: (name, values) => {
      const call = find(name)
      if (call !== null)
        return call(...checkArguments(name, values as unknown as readonly unknown[]))
      const action = `call ${name}`
      const code = 'NVML_ERROR_FUNCTION_NOT_FOUND'
      throw new DeviceError({ code, action, state: plainState(code) })
    },
  }
}

/**
 * The values as they go to C. koffi ends the whole process on some wrong types and silently wraps
 * numbers that do not fit, so nothing passes here that is not exactly what the parameter takes.
 */
export function checkArguments(name: FunctionName, values: readonly unknown[]): unknown[] {
  const parameters: readonly Parameter[] = signatures[name]
  assert(
    values.length === parameters.length,
    `${name} takes ${parameters.length} arguments, not ${values.length}`,
  )
  return parameters.map((parameter, i) => {
    const converted = convert(parameter, values[i])
    assert(converted !== undefined, `${name} got a wrong argument ${i}, a ${parameter.kind}`)
    return converted
  })
}

function convert(parameter: Parameter, value: unknown): unknown {
  switch (parameter.kind) {
    case 'uint':
      return isBelow(value, 0xffff_ffff) ? value : undefined
    case 'uint64':
      return typeof value === 'bigint' && value >= 0n && value < 1n << 64n ? value : undefined
    case 'text':
      return typeof value === 'string' && !value.includes('\0')
        ? Buffer.from(`${value}\0`)
        : undefined
    case 'handle':
      return pointerOf(parameter.of, value) ?? undefined
    case 'bytes':
      if (value === null && parameter.isOptional) return null
      return Buffer.isBuffer(value) && value.length >= parameter.size ? value : undefined
  }
}

function isBelow(value: unknown, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max
}

const typeOf: Readonly<Record<Parameter['kind'], string>> = {
  uint: 'uint32_t',
  uint64: 'uint64_t',
  handle: 'uintptr_t',
  text: 'void *',
  bytes: 'void *',
}

function bind(loaded: ReturnType<typeof koffi.load>, name: FunctionName): Bound | null {
  const parameters: readonly Parameter[] = signatures[name]
  try {
    return loaded.func(
      name,
      'int',
      parameters.map(({ kind }) => typeOf[kind]),
    )
  } catch {
    return null
  }
}

function open(path: string): ReturnType<typeof koffi.load> {
  try {
    return koffi.load(path)
  } catch (cause) {
    const code = 'NVML_ERROR_LIBRARY_NOT_FOUND'
    const reason = cause instanceof Error ? cause.message : String(cause)
    const state = `${plainState(code)} (${reason})`
    throw new DeviceError({ code, action: 'open NVML', state })
  }
}
