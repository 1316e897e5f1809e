import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AnswerHead } from './answer-parser.ts'
import type { BufferBudget } from './buffer-budget.ts'
import { newRequestId } from './request-id.ts'
import { respond, respondJson } from './respond.ts'
import type { RoutedServer } from './routed-server.ts'
import type { Upload } from './upload.ts'
import type { CallFailure, CallListener, WorkerConnection } from './worker-connection.ts'

/** A larger answer is passed on as it comes, at its client's pace. */
const answerBytesBuffered = 1 << 20

/** A client that stands still for so long in the middle of a body is given up. */
const stallSecondsMax = 10
/** A whole answer must have been taken by then. */
const answerSecondsMax = 30

/** What a client sends along that concerns the worker too; nothing else is passed on. */
const passedHeaders = [
  'content-type',
  'content-encoding',
  'accept',
  'accept-encoding',
  'inference-header-content-length',
  'traceparent',
  'tracestate',
] as const

/** How an attempt at a worker ended. */
export type AttemptEnd =
  | { readonly kind: 'answered'; readonly head: AnswerHead; readonly body: Buffer | null }
  | { readonly kind: 'garbage'; readonly message: string }
  | { readonly kind: 'lost'; readonly failure: CallFailure }

/** Who is told how a request goes on. */
export type ExchangeOwner = {
  /** The attempt at `exchange.server` is over; the owner answers the client or tries again. */
  readonly onAttemptEnd: (exchange: Exchange, end: AttemptEnd) => void
  /** The body was too large, too slow, or too much for now. */
  readonly onUploadFailed: (exchange: Exchange, status: number, message: string) => void
  /** The client left before its answer. */
  readonly onAbandoned: (exchange: Exchange) => void
}

export type ExchangeState = 'receiving' | 'waiting' | 'executing' | 'settled'

/**
 * One request for an inference, from its client's socket to a worker's and back. It holds the
 * request's body until the answer is there, so that another worker can be asked, and the whole
 * answer (up to a mebibyte) before its first byte goes to the client, so that a slow client holds
 * no worker and a worker that dies while it answers costs nothing.
 */
export class Exchange implements CallListener {
  readonly requestId = newRequestId()
  /** Its place in the owner's table; -1: not admitted. */
  handle = -1
  state: ExchangeState = 'receiving'
  arrivalSeconds = 0
  attempts = 0
  server: RoutedServer | null = null
  /** The server's version when it was asked. */
  version: string | null = null
  /** The client is gone; a worker may still be at it. */
  isAbandoned = false
  /** Its client has its answer, or is gone. */
  isOver = false
  body: Buffer | null = null
  readonly upload: Upload | null
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #owner: ExchangeOwner
  readonly #budget: BufferBudget
  readonly #now: () => number
  #connection: WorkerConnection | null = null
  #head: AnswerHead | null = null
  #parts: Buffer[] = []
  #partBytes = 0
  #isStreaming = false
  #budgetBytes = 0
  #settledSeconds = 0
  /** Since when a streamed answer waits for its client. */
  #pausedSeconds: number | null = null

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    options: {
      readonly owner: ExchangeOwner
      readonly budget: BufferBudget
      readonly now: () => number
      readonly receive: (exchange: Exchange) => Upload
    },
  ) {
    this.#request = request
    this.#response = response
    this.#owner = options.owner
    this.#budget = options.budget
    this.#now = options.now
    response.on('close', () => this.#closed())
    this.upload = options.receive(this)
  }

  /** The whole body is at hand, and the client got nothing yet: it can be asked for again. */
  get isAtHand(): boolean {
    return this.body !== null && !this.#isStreaming
  }

  /** Asks that server. */
  execute(server: RoutedServer): void {
    this.state = 'executing'
    this.server = server
    this.version = server.version
    this.attempts += 1
    this.#head = null
    this.#parts = []
    this.#partBytes = 0
    if (this.body !== null) {
      const head = `${this.#headFor(server)}content-length: ${this.body.length}\r\n\r\n`
      this.#connection = server.client.send(head, this.body, this)
      return
    }
    const length = this.#request.headers['content-length']
    const framing =
      length === undefined ? 'transfer-encoding: chunked' : `content-length: ${length}`
    const connection = server.client.open(`${this.#headFor(server)}${framing}\r\n\r\n`, this)
    this.#connection = connection
    this.upload?.stream({
      write: (bytes) => connection.write(length === undefined ? chunkOf(bytes) : bytes),
      finish: () => connection.finish(length === undefined ? '0\r\n\r\n' : null),
    })
  }

  /** Gives the worker up; it is not told, and answers to nobody. */
  breakOff(): void {
    this.#connection?.destroy()
    this.#connection = null
  }

  /** The worker's answer, which is all there, or all that is left of it. */
  answer(head: AnswerHead, body: Buffer | null): void {
    this.#settle()
    if (this.isAbandoned) return
    if (this.#isStreaming) {
      this.#response.end()
      return
    }
    const bytes = body ?? Buffer.alloc(0)
    if (this.#budget.take(bytes.length)) this.#budgetBytes += bytes.length
    const { status } = head
    const headers = this.#answerHeaders(head)
    respond(this.#request, this.#response, { status, headers, body: bytes })
  }

  /** An answer of the router's own. */
  refuse(status: number, message: string, retryAfterSeconds: number | null = null): void {
    this.#settle()
    const response = this.#response
    if (this.isAbandoned) return
    if (this.#isStreaming) {
      response.destroy()
      return
    }
    const headers = ['migrator-request-id', this.requestId]
    if (retryAfterSeconds !== null) headers.push('retry-after', String(retryAfterSeconds))
    respondJson(this.#request, response, { status, headers, value: { error: message } })
  }

  /**
   * Looks after a client that stands still: neither its body comes nor does it take its answer. And
   * one that left while its request waited behind others on its connection: of the answer to such a
   * request Node tells nothing.
   */
  sweep(now: number): void {
    const { upload } = this
    if (this.#request.socket.destroyed) this.#closed()
    else if (this.state === 'settled') {
      if (now - this.#settledSeconds > answerSecondsMax) this.#response.destroy()
    } else if (this.#pausedSeconds !== null) {
      if (now - this.#pausedSeconds > stallSecondsMax) this.#response.destroy()
    } else if (upload?.awaitsClient === true && now - upload.progressSeconds > stallSecondsMax) {
      const message = `Nothing of the body came for ${stallSecondsMax} s`
      this.#owner.onUploadFailed(this, 408, message)
    }
  }

  onHead(head: AnswerHead): void {
    this.#head = head
    const isLarge = head.contentLength !== null && head.contentLength > answerBytesBuffered
    if (isLarge && isGood(head)) this.#startStreaming(head)
  }

  onBody(bytes: Buffer): void {
    const head = this.#head as AnswerHead
    if (this.#isStreaming) {
      if (!this.isAbandoned && !this.#response.write(Buffer.from(bytes))) this.#awaitClient()
      return
    }
    this.#partBytes += bytes.length
    this.#parts.push(Buffer.from(bytes))
    if (this.#partBytes <= answerBytesBuffered) return
    if (isGood(head)) this.#startStreaming(head)
    else this.#fail({ kind: 'garbage', message: 'an error answer without end' })
  }

  onEnd(): void {
    this.#connection = null
    const head = this.#head as AnswerHead
    const parts = this.#parts
    const body = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
    const kept = this.#isStreaming ? null : body
    this.#owner.onAttemptEnd(this, { kind: 'answered', head, body: kept })
  }

  onFailure(failure: CallFailure): void {
    this.#connection = null
    const { kind, message } = failure
    const end: AttemptEnd = kind === 'garbage' ? { kind, message } : { kind: 'lost', failure }
    this.#owner.onAttemptEnd(this, end)
  }

  onDrain(): void {
    this.upload?.drained()
  }

  #fail(end: AttemptEnd): void {
    this.breakOff()
    this.#owner.onAttemptEnd(this, end)
  }

  #headFor(server: RoutedServer): string {
    let head = server.inferLine
    const { headers } = this.#request
    for (const name of passedHeaders) {
      const value = headers[name]
      if (typeof value === 'string') head += `${name}: ${value}\r\n`
    }
    return head
  }

  #answerHeaders(head: AnswerHead): string[] {
    const headers = ['migrator-request-id', this.requestId]
    if (this.version !== null) headers.push('migrator-model-version', this.version)
    if (head.contentType !== null) headers.push('content-type', head.contentType)
    if (head.contentEncoding !== null) headers.push('content-encoding', head.contentEncoding)
    if (head.jsonBytes !== null) headers.push('inference-header-content-length', head.jsonBytes)
    return headers
  }

  #startStreaming(head: AnswerHead): void {
    this.#isStreaming = true
    if (this.isAbandoned) return
    const headers = this.#answerHeaders(head)
    if (head.contentLength !== null) headers.push('content-length', String(head.contentLength))
    if (!this.#request.complete) headers.push('connection', 'close')
    this.#response.writeHead(head.status, headers)
    let takesMore = true
    for (const part of this.#parts.splice(0)) takesMore = this.#response.write(part)
    if (!takesMore) this.#awaitClient()
  }

  #awaitClient(): void {
    if (this.#pausedSeconds !== null) return
    this.#pausedSeconds = this.#now()
    this.#connection?.pause()
    this.#response.once('drain', () => {
      this.#pausedSeconds = null
      this.#connection?.resume()
    })
  }

  /** No worker is needed any more. */
  #settle(): void {
    this.state = 'settled'
    this.#settledSeconds = this.#now()
    this.body = null
    this.upload?.close()
  }

  /** The response went out, or its client is gone. */
  #closed(): void {
    if (this.isOver) return
    this.isOver = true
    this.#budget.give(this.#budgetBytes)
    this.#budgetBytes = 0
    if (this.state === 'settled') return
    this.isAbandoned = true
    this.upload?.close()
    this.#owner.onAbandoned(this)
  }
}

export function isGood({ status }: AnswerHead): boolean {
  return status >= 200 && status < 300
}

function chunkOf(bytes: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`${bytes.length.toString(16)}\r\n`, 'latin1'),
    bytes,
    Buffer.from('\r\n', 'latin1'),
  ])
}
