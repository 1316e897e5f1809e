import type { Socket } from 'node:net'
import { answerHead, type ConnectionFate, idleSecondsMax } from './answer-head.ts'
import { type ClientAnswer, ClientRequest, type RequestCarrier } from './client-request.ts'
import type { RequestHead, RequestTrouble } from './request-head.ts'
import { RequestParser, type RequestSink } from './request-parser.ts'

/** What all connections of a front door share. */
export type ConnectionHost = {
  readonly onRequest: (request: ClientRequest) => void
  /** Something came that is no request, or only the beginning of one. */
  readonly onUnreadable: () => void
  readonly onClosed: (connection: ClientConnection) => void
  readonly now: () => number
  /** A whole request must have come by then. */
  readonly requestSecondsMax: number
  /** The date as a header line, right to a second or so. */
  readonly dateLine: string
  /** Connections end after the answer at hand. */
  readonly isShuttingDown: boolean
}

/** A whole head must have come by then. */
const headSecondsMax = 10
/** A whole answer must have been taken by then. */
const answerSecondsMax = 30
/** How long a connection that we ended waits for its client to end it too. */
const lingerSecondsMax = 1
/** Head and body go out in one write up to here; beyond, copying costs more than a second one. */
const joinedBytesMax = 16 << 10
/** Requests sent ahead of their turn are taken in up to here; beyond, reading waits. */
const aheadBytesMax = 64 << 10

const none = Buffer.alloc(0)

/**
 * One client's connection: its requests one after the other, each answered before the next is
 * looked at. Own, over node:net, because Node's HTTP server costs as much CPU as all the rest of a
 * request together (bench/router.mjs). A connection is ended by closing our half and
 * reading on for a moment: closed over unread bytes it would be reset, and the client would never
 * see why.
 */
export class ClientConnection implements RequestSink, RequestCarrier {
  readonly #socket: Socket
  readonly #host: ConnectionHost
  readonly #parser = new RequestParser(this)
  #request: ClientRequest | null = null
  #ahead: Buffer = none
  #isFeeding = false
  /** The answer to the request at hand has begun, is all written. */
  #hasBegun = false
  #isAnswered = false
  #isChunked = false
  #isLast = false
  #isEnding = false
  #isPaused = false
  /** Since when it waits for what it waits for. */
  #sinceSeconds: number
  #idleSecondsMax = headSecondsMax
  readonly #onWritten = (error?: Error | null) => {
    if (!error && this.#isAnswered && this.#socket.writableLength === 0) this.#finished()
  }

  constructor(socket: Socket, host: ConnectionHost) {
    this.#socket = socket
    this.#host = host
    this.#sinceSeconds = host.now()
    socket.on('data', (bytes: Buffer) => this.#read(bytes))
    socket.on('drain', () => this.#request?.listener?.onClientDrain())
    socket.on('end', () => this.#clientEnded())
    // A socket's trouble ends in its `close`.
    socket.on('error', () => {})
    socket.on('close', () => this.#closed())
  }

  /** No request is at hand, nor part of one. */
  get isIdle(): boolean {
    return this.#request === null && !this.#parser.isInHead && this.#ahead.length === 0
  }

  /** Once a second: a client that stands still. */
  sweep(now: number): void {
    const seconds = now - this.#sinceSeconds
    const request = this.#request
    if (this.#isEnding || this.#isAnswered) {
      const isTaken = this.#socket.writableLength === 0
      if (seconds > (isTaken ? lingerSecondsMax : answerSecondsMax)) this.destroy()
    } else if (request === null) {
      if (this.#parser.isInHead) {
        if (seconds > headSecondsMax) this.#tooSlow()
      } else if (seconds > this.#idleSecondsMax) this.destroy()
    } else if (!request.isComplete && !this.#hasBegun && seconds > this.#host.requestSecondsMax) {
      this.#tooSlow()
    } else request.listener?.sweep(now)
  }

  /** The client is not heard any more, nor told anything. */
  destroy(): void {
    this.#isEnding = true
    this.#socket.destroy()
  }

  onHead(head: RequestHead): void {
    const request = new ClientRequest(head, this)
    this.#request = request
    this.#hasBegun = false
    this.#host.onRequest(request)
    if (head.expectsContinue && this.#request === request && !this.#hasBegun) {
      this.#socket.write('HTTP/1.1 100 Continue\r\n\r\n', 'latin1')
    }
  }

  onBody(bytes: Buffer): void {
    if (!this.#isEnding) this.#request?.listener?.onRequestBody(bytes)
  }

  onEnd(): void {
    const request = this.#request
    if (request === null) return
    request.isComplete = true
    if (!this.#isEnding) request.listener?.onRequestEnd()
  }

  answer({ status, lines, body }: ClientAnswer): void {
    const request = this.#begun()
    const isWanted = request.head.method !== 'HEAD' && status !== 204
    const text = answerHead({ status, lines }, body.length, this.#fate(request))
    const sent = isWanted ? body : none
    const socket = this.#socket
    this.#isAnswered = true
    if (sent.length > joinedBytesMax) {
      socket.cork()
      socket.write(text, 'latin1')
      socket.write(sent, this.#onWritten)
      socket.uncork()
    } else {
      const all = Buffer.allocUnsafe(text.length + sent.length)
      all.write(text, 'latin1')
      sent.copy(all, text.length)
      socket.write(all, this.#onWritten)
    }
    this.#answered()
  }

  begin(status: number, lines: string, bodyBytes: number | null): void {
    const request = this.#begun()
    this.#isChunked = bodyBytes === null && !request.head.isOld
    if (bodyBytes === null && request.head.isOld) this.#isLast = true
    const framing = bodyBytes ?? (this.#isChunked ? 'chunked' : 'until-close')
    this.#socket.write(answerHead({ status, lines }, framing, this.#fate(request)), 'latin1')
  }

  write(bytes: Buffer): boolean {
    const socket = this.#socket
    if (!this.#isChunked) return socket.write(bytes, this.#onWritten)
    if (bytes.length === 0) return true
    socket.cork()
    socket.write(`${bytes.length.toString(16)}\r\n`, 'latin1')
    socket.write(bytes)
    const takesMore = socket.write('\r\n', 'latin1', this.#onWritten)
    socket.uncork()
    return takesMore
  }

  end(): void {
    this.#isAnswered = true
    if (this.#isChunked) this.#socket.write('0\r\n\r\n', 'latin1', this.#onWritten)
    this.#answered()
  }

  pauseBody(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.#socket.pause()
  }

  resumeBody(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#socket.resume()
  }

  #read(bytes: Buffer): void {
    if (this.#isEnding) return
    const request = this.#request
    if (request?.isComplete === true) {
      this.#ahead = this.#ahead.length === 0 ? bytes : Buffer.concat([this.#ahead, bytes])
      if (this.#ahead.length > aheadBytesMax) this.pauseBody()
      return
    }
    if (request === null && !this.#parser.isInHead) this.#sinceSeconds = this.#host.now()
    this.#feed(bytes)
  }

  #feed(bytes: Buffer): void {
    this.#isFeeding = true
    let rest = bytes
    while (rest.length > 0 && !this.#isEnding && this.#request?.isComplete !== true) {
      rest = this.#parser.push(rest)
      const { trouble } = this.#parser
      if (trouble !== null) this.#refuse(trouble)
    }
    this.#ahead = this.#isEnding ? none : rest
    this.#isFeeding = false
  }

  #begun(): ClientRequest {
    const request = this.#request as ClientRequest
    this.#hasBegun = true
    this.#isChunked = false
    this.#isLast = !request.head.keepsAlive || !request.isComplete || this.#host.isShuttingDown
    return request
  }

  #fate({ head }: ClientRequest): { readonly fate: ConnectionFate; readonly dateLine: string } {
    const fate = this.#isLast ? 'closed' : head.isOld ? 'kept-old' : 'kept'
    return { fate, dateLine: this.#host.dateLine }
  }

  #answered(): void {
    this.#sinceSeconds = this.#host.now()
    if (this.#isLast) this.#endOurs()
    if (this.#socket.writableLength === 0) this.#finished()
  }

  /** The answer is out. */
  #finished(): void {
    const request = this.#request
    if (request === null) return
    this.#request = null
    this.#isAnswered = false
    request.close()
    if (this.#isEnding) return
    this.#parser.next()
    this.#idleSecondsMax = idleSecondsMax
    if (!this.#isFeeding && this.#ahead.length > 0) process.nextTick(() => this.#goOn())
    else this.resumeBody()
  }

  #goOn(): void {
    if (this.#isEnding || this.#request !== null) return
    const ahead = this.#ahead
    this.#ahead = none
    this.resumeBody()
    this.#feed(ahead)
  }

  #tooSlow(): void {
    this.#refuse({ status: 408, message: 'The request takes too long' })
  }

  /** Answers what is no request where that still can be told apart from an answer to another. */
  #refuse({ status, message }: RequestTrouble): void {
    this.#host.onUnreadable()
    const request = this.#request
    this.#request = null
    if (this.#hasBegun && request !== null) this.destroy()
    else {
      const body = JSON.stringify({ error: message })
      const { dateLine } = this.#host
      const lines = 'content-type: application/json\r\n'
      const fate = { fate: 'closed', dateLine } as const
      this.#socket.write(answerHead({ status, lines }, body.length, fate) + body, 'latin1')
      this.#endOurs()
    }
    request?.close()
  }

  /** Sends no more after what was written; what still comes is thrown away for a moment. */
  #endOurs(): void {
    this.#isEnding = true
    this.#ahead = none
    this.#sinceSeconds = this.#host.now()
    this.resumeBody()
    this.#socket.end()
  }

  /** A client that closes its half has left, but for the answer that is under way to it. */
  #clientEnded(): void {
    if (this.#isEnding) return
    if (this.#parser.isInHead) this.#refuse({ status: 400, message: 'A request breaks off' })
    else this.#endOurs()
    if (!this.#isAnswered) this.#leave()
  }

  #closed(): void {
    this.#isEnding = true
    this.#leave()
    this.#host.onClosed(this)
  }

  #leave(): void {
    const request = this.#request
    this.#request = null
    request?.close()
  }
}
