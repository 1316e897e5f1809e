import type { ForeignOwner } from '../host/foreign-owners.ts'

/** Other programs change the layouts of this node; two of them would undo each other's work. */
export class ForeignOwnerError extends Error {
  override readonly name = 'ForeignOwnerError'
  readonly owners: readonly ForeignOwner[]

  constructor(owners: readonly ForeignOwner[]) {
    const told = owners.map(({ name, pids, fix }) => {
      return `${name}${pids.length === 0 ? '' : ` (pid ${pids.join(', ')})`}: ${fix}`
    })
    super(`Cannot take this node: other programs change its layouts\n  ${told.join('\n  ')}`)
    this.owners = owners
  }
}
