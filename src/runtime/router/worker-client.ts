import { type CallListener, type WorkerAddress, WorkerConnection } from './worker-connection.ts'

/** Less than the five seconds after which common servers close an idle connection. */
const idleSecondsMax = 4

/** Keeps connections to one worker; there are as many as there are calls at a time. */
export class WorkerClient {
  readonly #address: WorkerAddress
  readonly #host: string
  /** The newest last: it is used first, so that what is too many grows old. */
  readonly #idle: WorkerConnection[] = []
  readonly #now: () => number
  #isClosed = false
  readonly #onIdle = (connection: WorkerConnection) => {
    connection.idleSince = this.#now()
    if (this.#isClosed) connection.destroy()
    else this.#idle.push(connection)
  }

  constructor(url: string, now: () => number) {
    const { hostname, port, host } = new URL(url)
    this.#address = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) }
    this.#host = host
    this.#now = now
  }

  /** The beginning of a request's head, without its end. */
  requestLine(method: 'GET' | 'POST', path: string): string {
    return `${method} ${path} HTTP/1.1\r\nhost: ${this.#host}\r\n`
  }

  send(head: string, body: Buffer, call: CallListener): WorkerConnection {
    const connection = this.#take()
    connection.send(head, body, call)
    return connection
  }

  open(head: string, call: CallListener): WorkerConnection {
    const connection = this.#take()
    connection.open(head, call)
    return connection
  }

  /** Closes what idles too long. */
  sweep(): void {
    const now = this.#now()
    while (this.#idle.length > 0 && isStale(this.#idle[0] as WorkerConnection, now)) {
      this.#idle.shift()?.destroy()
    }
  }

  /** Idle connections end now, others after their call. */
  close(): void {
    this.#isClosed = true
    for (const connection of this.#idle.splice(0)) connection.destroy()
  }

  #take(): WorkerConnection {
    const now = this.#now()
    for (;;) {
      const connection = this.#idle.pop()
      if (connection === undefined) return new WorkerConnection(this.#address, this.#onIdle)
      if (connection.isClosed) continue
      if (!isStale(connection, now)) return connection
      connection.destroy()
    }
  }
}

function isStale(connection: WorkerConnection, now: number): boolean {
  const told = connection.idleSecondsMax
  const limit = told === null ? idleSecondsMax : Math.min(idleSecondsMax, Math.max(0, told - 1))
  return connection.isClosed || now - connection.idleSince > limit
}
