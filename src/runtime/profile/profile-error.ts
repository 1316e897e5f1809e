/**
 * Why nothing, or nothing more, can be measured. `refused`: the node is not fit for it, and nothing
 * was begun; `failed`: the worker could not be made to serve at all; `unusable`: a file or command
 * that a person named; `stuck`: an instance that was made for it could not be removed.
 */
export class ProfileError extends Error {
  override readonly name = 'ProfileError'
  readonly kind: 'refused' | 'failed' | 'unusable' | 'stuck'

  constructor(kind: ProfileError['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}
