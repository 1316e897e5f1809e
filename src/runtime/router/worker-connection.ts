import { connect, type Socket } from 'node:net'
import { type AnswerHead, AnswerParser, type AnswerSink } from './answer-parser.ts'

/** Why a call to a worker has no answer. */
export type CallFailure = {
  readonly kind: 'unreachable' | 'closed' | 'garbage'
  readonly message: string
}

/** Told of one call; after its end or failure, and after an abort, of nothing more. */
export type CallListener = {
  onAnswerHead(head: AnswerHead): void
  /** Valid during the call only. */
  onAnswerBody(bytes: Buffer): void
  onAnswerEnd(): void
  onCallFailure(failure: CallFailure): void
  /** A streamed body may go on. */
  onWorkerDrain(): void
}

export type WorkerAddress = { readonly host: string; readonly port: number }

const connectMsMax = 1000
/** What is read at once, per connection. */
const readBytes = 32 << 10
/** Head and body go out in one write up to here; beyond, copying costs more than a second one. */
const joinedBytesMax = 16 << 10

/**
 * One kept-alive connection to a worker, one call at a time. Own, over node:net, because it is the
 * router's hottest path and public clients cost as much CPU as all the rest of a request together
 * (bench/router.mjs); it reads into one buffer and knows exactly what it may reuse.
 */
export class WorkerConnection implements AnswerSink {
  idleSince = 0
  idleSecondsMax: number | null = null
  readonly #socket: Socket
  readonly #parser = new AnswerParser()
  readonly #onIdle: (connection: WorkerConnection) => void
  #call: CallListener | null = null
  #keepsAlive = true
  #isSent = true
  #isConnected = false
  #isClosed = false

  constructor(address: WorkerAddress, onIdle: (connection: WorkerConnection) => void) {
    this.#onIdle = onIdle
    const socket = connect({
      ...address,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(readBytes),
        callback: (count, buffer) => {
          this.#read((buffer as Buffer).subarray(0, count))
          return true
        },
      },
    })
    this.#socket = socket
    socket.setTimeout(connectMsMax)
    socket.on('timeout', () => this.#lose('connecting takes too long'))
    socket.on('connect', () => {
      this.#isConnected = true
      socket.setTimeout(0)
    })
    socket.on('drain', () => this.#call?.onWorkerDrain())
    socket.on('error', (error) => this.#lose(error.message))
    socket.on('end', () => this.#ended())
    socket.on('close', () => this.#ended())
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** A call whose body is all there. */
  send(head: string, body: Buffer, call: CallListener): void {
    this.#begin(call)
    const socket = this.#socket
    if (body.length > joinedBytesMax) {
      socket.cork()
      socket.write(head, 'latin1')
      socket.write(body)
      socket.uncork()
      return
    }
    const all = Buffer.allocUnsafe(head.length + body.length)
    all.write(head, 'latin1')
    body.copy(all, head.length)
    socket.write(all)
  }

  /** A call whose body follows by `write` and `finish`. */
  open(head: string, call: CallListener): void {
    this.#begin(call)
    this.#isSent = false
    this.#socket.write(head, 'latin1')
  }

  /** False when the worker takes no more for now; `onWorkerDrain` says when it does again. */
  write(bytes: Buffer | string): boolean {
    return this.#isClosed ? true : this.#socket.write(bytes)
  }

  finish(bytes: Buffer | string | null): void {
    if (this.#isClosed) return
    if (bytes !== null) this.#socket.write(bytes)
    this.#isSent = true
  }

  /** Stops reading until `resume`: whoever takes the answer is slow. */
  pause(): void {
    if (!this.#isClosed) this.#socket.pause()
  }

  resume(): void {
    if (!this.#isClosed) this.#socket.resume()
  }

  /** Ends the connection; its call hears nothing more. */
  destroy(): void {
    this.#call = null
    this.#parser.forget()
    this.#isClosed = true
    this.#socket.destroy()
  }

  onHead(head: AnswerHead): void {
    this.#keepsAlive = head.keepsAlive
    this.idleSecondsMax = head.idleSecondsMax
    this.#call?.onAnswerHead(head)
  }

  onBody(bytes: Buffer): void {
    this.#call?.onAnswerBody(bytes)
  }

  #begin(call: CallListener): void {
    this.#call = call
    this.#keepsAlive = true
    this.#parser.expect(this)
  }

  #read(bytes: Buffer): void {
    if (this.#isClosed) return
    const garbage = this.#parser.push(bytes)
    if (garbage !== null) this.#fail({ kind: 'garbage', message: `The worker sent ${garbage}` })
    else if (this.#parser.isDone && this.#call !== null) this.#complete()
  }

  #complete(): void {
    const call = this.#call
    this.#call = null
    if (this.#keepsAlive && this.#isSent) this.#onIdle(this)
    else this.destroy()
    call?.onAnswerEnd()
  }

  #ended(): void {
    if (this.#isClosed) return
    if (this.#parser.end()) this.#complete()
    else this.#lose('the worker closed the connection')
  }

  #lose(message: string): void {
    const kind = this.#isConnected ? 'closed' : 'unreachable'
    this.#fail({ kind, message: `Cannot reach the worker: ${message}` })
  }

  #fail(failure: CallFailure): void {
    if (this.#isClosed) return
    const call = this.#call
    this.destroy()
    call?.onCallFailure(failure)
  }
}
