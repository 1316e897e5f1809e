/** A command line that cannot be meant: exit code 64, one sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
