/** A breach of something this program promised itself: a bug of ours, never a user's mistake. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/** Throws AssertionError unless `condition` holds. Stays on in production. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}

/** The value, which by construction cannot be missing. */
export function must<T>(value: T | null | undefined, message = 'A value is missing'): T {
  if (value === null || value === undefined) throw new AssertionError(message)
  return value
}

/** The end of an exhaustive switch: compiles only when every case was handled. */
export function unreachable(value: never): never {
  throw new AssertionError(`Unreachable: ${JSON.stringify(value)}`)
}
