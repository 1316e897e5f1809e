import { expect, test } from 'vitest'
import { handleFrom } from './handles.ts'
import { checkArguments, loadLibrary } from './library.ts'
import { type FunctionName, type Parameter, signatures } from './signatures.ts'

const good: Readonly<Record<Parameter['kind'], unknown>> = {
  uint: 0,
  uint64: 0n,
  text: 'text',
  bytes: Buffer.alloc(4096),
  handle: null,
}

function goodFor(parameter: Parameter): unknown {
  return parameter.kind === 'handle' ? handleFrom(parameter.of, 1n) : good[parameter.kind]
}

/** Nothing of this is right for any parameter. */
const hostile: readonly unknown[] = [
  undefined,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 32,
  1e300,
  -1n,
  2n ** 64n,
  'a\0b',
  true,
  {},
  [],
  [1, 2],
  Symbol('hostile'),
  () => 1,
  new Uint8Array(4096),
  Buffer.alloc(3),
  Object.freeze({}),
  new Proxy({}, { get: () => 1n }),
]

const functions = Object.entries(signatures) as unknown as readonly (readonly [
  FunctionName,
  readonly Parameter[],
])[]

test('every parameter of every function takes what it should and nothing else', () => {
  for (const [name, parameters] of functions) {
    const values = parameters.map(goodFor)
    expect(checkArguments(name, values)).toHaveLength(parameters.length)
    for (const [index] of parameters.entries()) {
      for (const bad of hostile) {
        const spoiled = values.with(index, bad)
        expect(() => checkArguments(name, spoiled), `${name} ${index}`).toThrow(/wrong argument/)
      }
    }
  }
})

test('a value that suits one kind of parameter does not pass for another', () => {
  for (const [name, parameters] of functions) {
    const values = parameters.map(goodFor)
    for (const [index, { kind }] of parameters.entries()) {
      for (const [other, value] of Object.entries(good)) {
        if (other === kind || (kind === 'bytes' && other === 'handle')) continue
        const spoiled = values.with(index, value)
        expect(() => checkArguments(name, spoiled), `${name} ${index}`).toThrow(/wrong argument/)
      }
    }
  }
})

test('too few and too many arguments are refused', () => {
  for (const [name, parameters] of functions) {
    const values = parameters.map(goodFor)
    expect(() => checkArguments(name, [...values, 0])).toThrow(/takes \d+ arguments/)
    if (values.length === 0) continue
    expect(() => checkArguments(name, values.slice(1))).toThrow(/takes \d+ arguments/)
  }
})

test('a handle of one kind does not pass for another, nor a copy for a handle', () => {
  const device = handleFrom('device', 7n)
  const instance = handleFrom('gpu-instance', 7n)
  expect(checkArguments('nvmlGpuInstanceDestroy', [instance])).toEqual([7n])
  for (const wrong of [device, { ...instance }, 7n, 7, structuredClone(instance)]) {
    expect(() => checkArguments('nvmlGpuInstanceDestroy', [wrong])).toThrow(/wrong argument/)
  }
})

test('a null handle from the library is a bug and not a handle', () => {
  expect(() => handleFrom('device', 0n)).toThrow(/null device handle/)
})

test('a function that the library lacks is only missed when it is used', () => {
  const library = loadLibrary('libc.so.6')
  expect(library.has('nvmlInit_v2')).toBe(false)
  expect(() => library.call('nvmlInit_v2', [])).toThrow(/too old for it .*FUNCTION_NOT_FOUND/)
})
