import { createServer, type Server, type Socket } from 'node:net'
import type { z } from 'zod'
import type { EventLog } from './event-log.ts'
import { readJsonLines } from './json-lines.ts'
import {
  commandSchema,
  type Hello,
  helloSchema,
  protocolVersion,
  type RefusalCode,
  type RouterMessage,
} from './protocol.ts'
import type { RequestRouter } from './request-router.ts'

export type ControlSocketOptions = {
  readonly router: RequestRouter
  readonly log: EventLog
  readonly onShutdown: (drainSecondsMax: number) => void
  /** For the router's own log. */
  readonly say: (words: string) => void
}

const helloMsMax = 5000
/** More than so much unread, and events wait in their log. */
const unreadBytesMax = 1 << 20

type Daemon = { readonly socket: Socket; readonly pid: number; sent: number }

/**
 * The router's side of the conversation with its daemon; one daemon at a time. A daemon that goes
 * leaves everything as it is.
 */
export class ControlSocket {
  readonly server: Server
  readonly #options: ControlSocketOptions
  #daemon: Daemon | null = null

  constructor(options: ControlSocketOptions) {
    this.#options = options
    this.server = createServer((socket) => this.#accept(socket))
    options.log.onAppend = () => this.#pump()
  }

  /** Ends the conversation, with what was still to be said. */
  close(): void {
    this.#pump()
    this.#daemon?.socket.end()
    this.server.close()
  }

  #accept(socket: Socket): void {
    let isKnown = false
    const timer = setTimeout(() => socket.destroy(), helloMsMax)
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(timer)
      if (this.#daemon?.socket !== socket) return
      this.#options.say(`The daemon ${this.#daemon.pid} is gone; everything stays as it is`)
      this.#daemon = null
    })
    readJsonLines(socket, (value) => {
      if (isKnown) this.#command(socket, value)
      else if (this.#greet(socket, value)) {
        isKnown = true
        clearTimeout(timer)
      }
    })
  }

  #greet(socket: Socket, value: unknown): boolean {
    const hello = helloSchema.safeParse(value)
    if (!hello.success)
      return turnAway(socket, 'MALFORMED', `Expected hello: ${words(hello.error)}`)
    const { protocol, pid, takesOver } = hello.data
    if (protocol !== protocolVersion) {
      const message =
        `The router process ${process.pid} speaks version ${protocolVersion} of its protocol, ` +
        `the daemon ${protocol}`
      return turnAway(socket, 'PROTOCOL_VERSION', message)
    }
    const other = this.#daemon
    if (other !== null && !takesOver) {
      const message = `The daemon ${other.pid} is connected to this router`
      return turnAway(socket, 'ANOTHER_DAEMON', message)
    }
    this.#daemon = null
    if (other !== null) turnAway(other.socket, 'ANOTHER_DAEMON', `The daemon ${pid} took over`)
    this.#welcome(socket, hello.data)
    return true
  }

  #welcome(socket: Socket, { pid }: Hello): void {
    const { router, say } = this.#options
    say(`The daemon ${pid} is connected`)
    const state = router.state()
    send(socket, { kind: 'welcome', protocol: protocolVersion, pid: process.pid, state })
    this.#daemon = { socket, pid, sent: 0 }
    socket.on('drain', () => this.#pump())
    this.#pump()
  }

  #command(socket: Socket, value: unknown): void {
    const read = commandSchema.safeParse(value)
    if (!read.success) {
      const id = idIn(value)
      const message = `Cannot understand the command: ${words(read.error)}`
      send(socket, { kind: 'refused', id, code: 'MALFORMED', message })
      return
    }
    const command = read.data
    const { router, log, onShutdown } = this.#options
    if (command.kind === 'ack') log.acknowledge(command.through)
    else if (command.kind === 'shutdown') {
      send(socket, { kind: 'done', id: command.id })
      onShutdown(command.drainSecondsMax)
    } else send(socket, { ...router.perform(command), id: command.id })
  }

  #pump(): void {
    const daemon = this.#daemon
    if (daemon === null) return
    while (daemon.socket.writableLength < unreadBytesMax) {
      const next = this.#options.log.after(daemon.sent)
      if (next === null) return
      daemon.sent = next.number
      daemon.socket.write(next.line)
    }
  }
}

function turnAway(socket: Socket, code: RefusalCode, message: string): false {
  send(socket, { kind: 'refused', id: null, code, message })
  socket.end()
  return false
}

function send(socket: Socket, message: RouterMessage): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`)
}

function idIn(value: unknown): number | null {
  if (typeof value !== 'object' || value === null || !('id' in value)) return null
  const { id } = value
  return typeof id === 'number' && Number.isSafeInteger(id) && id > 0 ? id : null
}

function words(error: z.ZodError): string {
  const issue = error.issues[0]
  return issue === undefined ? 'it is empty' : `${issue.path.join('.')}: ${issue.message}`
}
