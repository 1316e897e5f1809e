import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { hostSeconds } from './host-clock.ts'
import { readJsonLines } from './json-lines.ts'
import {
  type Hello,
  protocolVersion,
  type RefusalCode,
  type RouterCommand,
  type RouterEvent,
  type RouterMessage,
  type RouterState,
  routerMessageSchema,
} from './protocol.ts'
import { RouterError } from './router-error.ts'
import { makeRouterDirectory, type RouterFiles, routerFiles } from './router-files.ts'
import { findOrStart } from './start-router.ts'

type WithoutId<T> = T extends { readonly id: number } ? Omit<T, 'id'> : never

/** A command that is answered, before it has its number. */
export type RouterRequest = WithoutId<RouterCommand>

export type RouterReply =
  | { readonly kind: 'done'; readonly state?: RouterState | undefined }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly message: string }
  /** The connection went before the answer came; a new one tells what became of it. */
  | { readonly kind: 'lost' }

export type TimedEvent = {
  /** Of the host's monotonic clock. */
  readonly atSeconds: number
  readonly event: RouterEvent
}

export type RouterClientOptions = {
  readonly stateDir: string
  /** Where to listen if a router must be started; one that runs keeps its address. Port 0: any. */
  readonly host: string
  readonly port: number
  /** What the router process runs; main.js beside this file unless a test brings another. */
  readonly script?: string
  /** Replace a daemon that is connected but hangs. */
  readonly takesOver?: boolean
  /** Events in order; each at least once, those of the time without a daemon first. */
  readonly onEvent: (event: TimedEvent) => void
  /**
   * The connection is there again after it broke: the router's whole state. With another
   * `instance` than before it is a new process that knows nothing yet.
   */
  readonly onReconnected: (state: RouterState) => void
  /** It broke; the client goes on trying, and starts a router if there is none. */
  readonly onDisconnected: (message: string) => void
}

export type RouterClient = {
  /** At the time of connecting. */
  readonly state: RouterState
  readonly pid: number
  /** Whether the router process was there before. */
  readonly wasAdopted: boolean
  readonly request: (request: RouterRequest) => Promise<RouterReply>
  /** Leaves the router running. */
  readonly close: () => void
}

const helloMs = 5000
const connectSeconds = 10
const graceSeconds = 0.3
const pollMs = 20
const retryMsMax = 1000

/** `sun_path` of a Unix socket on Linux, less the zero at its end. */
const socketPathMax = 107

/**
 * The router of that state directory, found running and adopted, or started. Throws RouterError
 * when it can be neither; later troubles are told and mended.
 */
export async function connectRouter(options: RouterClientOptions): Promise<RouterClient> {
  const files = routerFiles(options.stateDir)
  if (Buffer.byteLength(files.socket) > socketPathMax) {
    const message = `A socket's path has at most ${socketPathMax} bytes: ${files.socket}`
    throw new RouterError('ROUTER_PATH', message)
  }
  makeRouterDirectory(files)
  const link = new Link(files, options)
  const { pid, state, wasAdopted } = await link.open()
  return {
    state,
    pid,
    wasAdopted,
    request: (request) => link.request(request),
    close: () => link.close(),
  }
}

type Welcome = Extract<RouterMessage, { kind: 'welcome' }>

/** One conversation after another with whatever router the state directory has. */
class Link {
  readonly #files: RouterFiles
  readonly #options: RouterClientOptions
  readonly #pending = new Map<number, (reply: RouterReply) => void>()
  #socket: Socket | null = null
  #nextId = 1
  #instance = ''
  /** The last event told, of this instance. */
  #seen = 0
  #isAckDue = false
  #isClosed = false

  constructor(files: RouterFiles, options: RouterClientOptions) {
    this.#files = files
    this.#options = options
  }

  /** Finds or starts the router, and is welcomed. */
  async open(): Promise<Welcome & { readonly wasAdopted: boolean }> {
    const deadline = hostSeconds() + connectSeconds
    const graceUntil = hostSeconds() + graceSeconds
    let { wasAdopted } = await this.#findOrStart()
    for (;;) {
      const greeted = await this.#converse()
      if (greeted.kind === 'welcome') return { ...greeted, wasAdopted }
      const isTaken = greeted.kind === 'refused' && greeted.code === 'ANOTHER_DAEMON'
      // The router may be about to learn that the daemon before us is gone.
      const mayPass = isTaken && hostSeconds() < graceUntil
      if (greeted.kind === 'refused' && !mayPass) throw refusalError(greeted)
      if (greeted.kind === 'silent' && hostSeconds() > deadline)
        throw new RouterError('ROUTER_FAILED', greeted.message)
      await wait(pollMs)
      // What seemed to run may have been dying.
      wasAdopted = (await this.#findOrStart()).wasAdopted && wasAdopted
    }
  }

  #findOrStart(): Promise<{ readonly wasAdopted: boolean }> {
    return findOrStart(this.#files, this.#options, () => !this.#isClosed)
  }

  request(request: RouterRequest): Promise<RouterReply> {
    const socket = this.#socket
    if (socket === null) return Promise.resolve({ kind: 'lost' })
    const id = this.#nextId
    this.#nextId += 1
    return new Promise((resolve) => {
      this.#pending.set(id, resolve)
      say(socket, { ...request, id } as RouterCommand)
    })
  }

  close(): void {
    this.#isClosed = true
    const socket = this.#socket
    if (socket !== null) this.#acknowledge(socket)
    socket?.end()
    this.#socket = null
    this.#loseRequests()
  }

  /** Connects and says hello: what the router says to it, or why it says nothing. */
  #converse(): Promise<
    | Welcome
    | Extract<RouterMessage, { kind: 'refused' }>
    | { readonly kind: 'silent'; readonly message: string }
  > {
    return new Promise((resolve) => {
      const socket = connect(this.#files.socket)
      let isGreeted = false
      let lastError = 'the router closed the connection'
      const timer = setTimeout(() => {
        lastError = 'the router does not answer'
        socket.destroy()
      }, helloMs)
      socket.on('connect', () => {
        const { takesOver = false } = this.#options
        say(socket, { kind: 'hello', protocol: protocolVersion, pid: process.pid, takesOver })
      })
      socket.on('error', ({ message }) => {
        lastError = message
      })
      socket.on('close', () => {
        clearTimeout(timer)
        const message = `Cannot talk to the router: ${lastError}`
        if (isGreeted) this.#broken(socket, message)
        else resolve({ kind: 'silent', message })
      })
      readJsonLines(socket, (value) => {
        const message = routerMessageSchema.safeParse(value)
        if (!message.success) {
          lastError = `it says what is not in its protocol: ${message.error.issues[0]?.message}`
          socket.destroy()
        } else if (isGreeted) this.#hear(socket, message.data)
        else if (message.data.kind === 'welcome') {
          clearTimeout(timer)
          isGreeted = true
          this.#begin(socket, message.data)
          resolve(message.data)
        } else if (message.data.kind === 'refused') resolve(message.data)
      })
    })
  }

  #begin(socket: Socket, { state }: Welcome): void {
    if (state.instance !== this.#instance) this.#seen = 0
    const isAgain = this.#instance !== ''
    this.#instance = state.instance
    if (this.#isClosed) {
      socket.end()
      return
    }
    this.#socket = socket
    if (isAgain) this.#options.onReconnected(state)
  }

  #hear(socket: Socket, message: RouterMessage): void {
    if (message.kind === 'event') {
      if (message.number <= this.#seen) return
      this.#options.onEvent({ atSeconds: message.atSeconds, event: message.event })
      this.#seen = message.number
      if (this.#isAckDue) return
      this.#isAckDue = true
      setImmediate(() => this.#acknowledge(socket))
    } else if (message.kind !== 'welcome' && message.id !== null) {
      const resolve = this.#pending.get(message.id)
      this.#pending.delete(message.id)
      if (message.kind === 'done') resolve?.({ kind: 'done', state: message.state })
      else resolve?.({ kind: 'refused', code: message.code, message: message.message })
    }
  }

  #acknowledge(socket: Socket): void {
    this.#isAckDue = false
    if (socket.writable) say(socket, { kind: 'ack', through: this.#seen })
  }

  #broken(socket: Socket, message: string): void {
    if (this.#socket !== socket) return
    this.#socket = null
    this.#loseRequests()
    if (this.#isClosed) return
    this.#options.onDisconnected(message)
    void this.#reopen()
  }

  async #reopen(): Promise<void> {
    let pauseMs = pollMs
    let told = ''
    while (!this.#isClosed) {
      try {
        await this.open()
        return
      } catch (error) {
        if (!(error instanceof RouterError)) throw error
        if (error.message !== told && !this.#isClosed) this.#options.onDisconnected(error.message)
        told = error.message
      }
      await wait(pauseMs)
      pauseMs = Math.min(retryMsMax, 2 * pauseMs)
    }
  }

  #loseRequests(): void {
    for (const resolve of this.#pending.values()) resolve({ kind: 'lost' })
    this.#pending.clear()
  }
}

function say(socket: Socket, message: RouterCommand | Hello): void {
  socket.write(`${JSON.stringify(message)}\n`)
}

function refusalError({ code, message }: Extract<RouterMessage, { kind: 'refused' }>): RouterError {
  if (code === 'PROTOCOL_VERSION') {
    const remedy = 'stop that router, which drains it, and a new one will start'
    return new RouterError('ROUTER_VERSION', `${message}; ${remedy}`)
  }
  const kind = code === 'ANOTHER_DAEMON' ? 'ROUTER_TAKEN' : 'ROUTER_FAILED'
  return new RouterError(kind, message)
}
