/** The journal was lost in the middle of a change: what is half done is settled at the next start. */
export class CutOffError extends Error {
  override readonly name = 'CutOffError'

  constructor(cause: Error) {
    super(`${cause.message}\n  fix: free space on that disk, then run: migrator undo`, { cause })
  }
}
