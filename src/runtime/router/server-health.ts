import type { RouterEvent } from './protocol.ts'
import type { RoutedServer } from './routed-server.ts'
import { type Watch, watchServer } from './watch-server.ts'

type Reason = Extract<RouterEvent, { kind: 'server-failed' }>['reason']

/** So many useless answers in a row, and a server is kept from work for a moment. */
const badInRowMax = 5

export type HealthListener = {
  /** `isFailed` is another. */
  readonly onChange: (server: RoutedServer) => void
  readonly othersOpen: (server: RoutedServer) => boolean
}

/**
 * Which servers the router itself keeps from work. One whose connection broke is paused and asked
 * at once whether it is ready: if it is (it merely closed an idle connection), it goes on and
 * nobody hears of it. One that answers nonsense five times in a row is paused too while another can
 * do its work: answering fast, it would draw all requests.
 */
export class ServerHealth {
  readonly #emit: (event: RouterEvent) => void
  readonly #listener: HealthListener
  readonly #watches = new Map<RoutedServer, Watch>()

  constructor(emit: (event: RouterEvent) => void, listener: HealthListener) {
    this.#emit = emit
    this.#listener = listener
  }

  good(server: RoutedServer): void {
    server.badInRow = 0
  }

  bad(server: RoutedServer, reason: Reason, message: string): void {
    server.badInRow += 1
    if (server.badInRow < badInRowMax || server.isRemoved || this.#watches.has(server)) return
    const isPaused = this.#listener.othersOpen(server)
    // Told once a series, unless it is paused: then each time that it is let in again in vain.
    if (isPaused || server.badInRow === badInRowMax) {
      this.#tell(server, reason, { message, isPaused })
    }
    if (isPaused) this.#watch(server, { reason, isTold: true })
  }

  /** Its connection broke, or it took too long. */
  lost(server: RoutedServer, reason: Reason, message: string): void {
    if (server.isRemoved || this.#watches.has(server)) return
    const isTold = reason === 'timeout'
    if (isTold) this.#tell(server, reason, { message, isPaused: true })
    this.#watch(server, { reason, isTold })
  }

  forget(server: RoutedServer): void {
    this.#watches.get(server)?.stop()
    this.#watches.delete(server)
  }

  #watch(server: RoutedServer, known: { readonly reason: Reason; readonly isTold: boolean }): void {
    const { tenant, serverId } = server.settings
    let { isTold } = known
    server.isFailed = true
    const watch = watchServer(server, {
      onReady: () => {
        this.#watches.delete(server)
        server.isFailed = false
        if (isTold) this.#emit({ kind: 'server-recovered', tenant, serverId })
        this.#listener.onChange(server)
      },
      onUnready: (message) => {
        if (!isTold) this.#tell(server, known.reason, { message, isPaused: true })
        isTold = true
      },
    })
    this.#watches.set(server, watch)
    this.#listener.onChange(server)
  }

  #tell(
    { settings }: RoutedServer,
    reason: Reason,
    how: { readonly message: string; readonly isPaused: boolean },
  ): void {
    const { tenant, serverId } = settings
    this.#emit({ kind: 'server-failed', tenant, serverId, reason, ...how })
  }
}
