import { assert } from '../../base/assert.ts'

/** What NVML's opaque pointers stand for; each function takes its own kind only. */
export type HandleKind = 'device' | 'gpu-instance' | 'compute-instance' | 'event-set'

declare const kindOf: unique symbol

/**
 * An opaque pointer that NVML gave out. The pointer itself is kept apart, so no other value can
 * pass for a handle at run time, and a handle of one kind never stands in for another.
 */
export type Handle<K extends HandleKind> = { readonly [kindOf]: K }

type Known = { readonly kind: HandleKind; readonly pointer: bigint }

const known = new WeakMap<object, Known>()

/** The handle that the library wrote there. */
export function readHandle<K extends HandleKind>(kind: K, buffer: Buffer, index = 0): Handle<K> {
  return handleFrom(kind, buffer.readBigUInt64LE(index * handleBytes))
}

export function handleFrom<K extends HandleKind>(kind: K, pointer: bigint): Handle<K> {
  assert(pointer !== 0n, `NVML gave a null ${kind} handle`)
  const handle = Object.freeze({}) as unknown as Handle<K>
  known.set(handle, { kind, pointer })
  return handle
}

/** The pointer behind the handle, or null: the value is no handle of that kind. */
export function pointerOf(kind: HandleKind, value: unknown): bigint | null {
  const found = typeof value === 'object' && value !== null ? known.get(value) : undefined
  return found?.kind === kind ? found.pointer : null
}

export const handleBytes = 8
