/**
 * Why a daemon cannot use its router: `ROUTER_FAILED` it did not start (the message has its last
 * words), `ROUTER_VERSION` the one that runs speaks another protocol, `ROUTER_TAKEN` another daemon
 * uses it, `ROUTER_PATH` the state directory's path is too long for a socket.
 */
export type RouterErrorCode = 'ROUTER_FAILED' | 'ROUTER_VERSION' | 'ROUTER_TAKEN' | 'ROUTER_PATH'

export class RouterError extends Error {
  override readonly name = 'RouterError'
  readonly code: RouterErrorCode

  constructor(code: RouterErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
