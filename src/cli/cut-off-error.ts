/** The journal was lost in the middle of a change; the next start settles what is half done. */
export class CutOffError extends Error {
  override readonly name = 'CutOffError'

  constructor(cause: Error) {
    super(`${cause.message}\n  fix: free space on that disk, then run: migrator undo`, { cause })
  }
}
