import type { AnswerHead } from './answer-parser.ts'
import type { BufferBudget } from './buffer-budget.ts'
import type { ClientListener, ClientRequest } from './client-request.ts'
import { newRequestId } from './request-id.ts'
import type { RoutedServer } from './routed-server.ts'
import { Upload, type UploadLimits, type UploadListener } from './upload.ts'
import type { CallFailure, CallListener, WorkerConnection } from './worker-connection.ts'

/** A larger answer is passed on as it comes, at its client's pace. */
const answerBytesBuffered = 1 << 20

/** A client that stands still for so long in the middle of a body is given up. */
const stallSecondsMax = 10
const none = Buffer.alloc(0)

/** How an attempt at a worker ended. */
export type AttemptEnd =
  | { readonly kind: 'answered'; readonly head: AnswerHead; readonly body: Buffer | null }
  | { readonly kind: 'garbage'; readonly message: string }
  | { readonly kind: 'lost'; readonly failure: CallFailure }

/** Who is told how a request goes on. */
export type ExchangeOwner = {
  readonly settings: UploadLimits
  /** The body is there, or as much of it as is ever held. */
  readonly offer: (exchange: Exchange) => void
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
export class Exchange implements CallListener, ClientListener, UploadListener {
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
  body: Buffer | null = null
  readonly #upload: Upload
  readonly #request: ClientRequest
  readonly #owner: ExchangeOwner
  readonly #budget: BufferBudget
  readonly #now: () => number
  #connection: WorkerConnection | null = null
  #head: AnswerHead | null = null
  #parts: Buffer[] = []
  #partBytes = 0
  #isStreaming = false
  #budgetBytes = 0
  /** Since when a streamed answer waits for its client. */
  #pausedSeconds: number | null = null

  constructor(
    request: ClientRequest,
    options: {
      readonly owner: ExchangeOwner
      readonly budget: BufferBudget
      readonly now: () => number
    },
  ) {
    const { owner, budget, now } = options
    this.#request = request
    this.#owner = owner
    this.#budget = budget
    this.#now = now
    this.#upload = new Upload(request, { limits: owner.settings, budget, now, listener: this })
    request.listener = this
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
    const { passedLines, bodyBytes } = this.#request.head
    if (this.body !== null) {
      const head = `${server.inferLine}${passedLines}content-length: ${this.body.length}\r\n\r\n`
      this.#connection = server.client.send(head, this.body, this)
      return
    }
    const isChunked = bodyBytes === null
    const framing = isChunked ? 'transfer-encoding: chunked' : `content-length: ${bodyBytes}`
    const head = `${server.inferLine}${passedLines}${framing}\r\n\r\n`
    const connection = server.client.open(head, this)
    this.#connection = connection
    this.#upload.stream({
      write: (bytes) => connection.write(isChunked ? chunkOf(bytes) : bytes),
      finish: () => connection.finish(isChunked ? '0\r\n\r\n' : null),
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
      this.#request.end()
      return
    }
    const bytes = body ?? none
    if (this.#budget.take(bytes.length)) this.#budgetBytes += bytes.length
    this.#request.answer({ status: head.status, lines: this.#linesFor(head), body: bytes })
  }

  /** An answer of the router's own. */
  refuse(status: number, message: string, retryAfterSeconds: number | null = null): void {
    this.#settle()
    if (this.isAbandoned) return
    if (this.#isStreaming) {
      this.#request.destroy()
      return
    }
    const retry = retryAfterSeconds === null ? '' : `retry-after: ${retryAfterSeconds}\r\n`
    const lines = `migrator-request-id: ${this.requestId}\r\n${retry}`
    this.#request.answerJson(status, { error: message }, lines)
  }

  /** A client that stands still: neither does its body come nor does it take its answer. */
  sweep(now: number): void {
    if (this.state === 'settled') return
    if (this.#pausedSeconds !== null) {
      if (now - this.#pausedSeconds > stallSecondsMax) this.#request.destroy()
    } else if (this.#upload.awaitsClient && now - this.#upload.progressSeconds > stallSecondsMax) {
      const message = `Nothing of the body came for ${stallSecondsMax} s`
      this.#owner.onUploadFailed(this, 408, message)
    }
  }

  onBuffered(body: Buffer): void {
    this.body = body
    this.#owner.offer(this)
  }

  onLarge(): void {
    this.#owner.offer(this)
  }

  onTooLarge(): void {
    const { bodyBytesMax } = this.#owner.settings
    this.#owner.onUploadFailed(this, 413, `A body has at most ${bodyBytesMax} bytes`)
  }

  onNoMemory(): void {
    this.#owner.onUploadFailed(this, 503, 'The router holds as many bodies as it may')
  }

  onRequestBody(bytes: Buffer): void {
    this.#upload.take(bytes)
  }

  onRequestEnd(): void {
    this.#upload.end()
  }

  onClientDrain(): void {
    if (this.#pausedSeconds === null) return
    this.#pausedSeconds = null
    this.#connection?.resume()
  }

  /** The answer went out, or its client is gone. */
  onClientClosed(): void {
    this.#budget.give(this.#budgetBytes)
    this.#budgetBytes = 0
    if (this.state === 'settled') return
    this.isAbandoned = true
    this.#upload.close()
    this.#owner.onAbandoned(this)
  }

  onAnswerHead(head: AnswerHead): void {
    this.#head = head
    const isLarge = head.contentLength !== null && head.contentLength > answerBytesBuffered
    if (isLarge && isGood(head)) this.#startStreaming(head)
  }

  onAnswerBody(bytes: Buffer): void {
    const head = this.#head as AnswerHead
    if (this.#isStreaming) {
      if (!this.isAbandoned && !this.#request.write(Buffer.from(bytes))) this.#awaitClient()
      return
    }
    this.#partBytes += bytes.length
    this.#parts.push(Buffer.from(bytes))
    if (this.#partBytes <= answerBytesBuffered) return
    if (isGood(head)) this.#startStreaming(head)
    else this.#fail({ kind: 'garbage', message: 'an error answer without end' })
  }

  onAnswerEnd(): void {
    this.#connection = null
    const head = this.#head as AnswerHead
    const parts = this.#parts
    const body = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
    const kept = this.#isStreaming ? null : body
    this.#owner.onAttemptEnd(this, { kind: 'answered', head, body: kept })
  }

  onCallFailure(failure: CallFailure): void {
    this.#connection = null
    const { kind, message } = failure
    const end: AttemptEnd = kind === 'garbage' ? { kind, message } : { kind: 'lost', failure }
    this.#owner.onAttemptEnd(this, end)
  }

  onWorkerDrain(): void {
    this.#upload.drained()
  }

  #fail(end: AttemptEnd): void {
    this.breakOff()
    this.#owner.onAttemptEnd(this, end)
  }

  #linesFor({ contentType, contentEncoding, jsonBytes }: AnswerHead): string {
    let lines = `migrator-request-id: ${this.requestId}\r\n`
    if (this.version !== null) lines += `migrator-model-version: ${plain(this.version)}\r\n`
    if (contentType !== null) lines += `content-type: ${contentType}\r\n`
    if (contentEncoding !== null) lines += `content-encoding: ${contentEncoding}\r\n`
    if (jsonBytes !== null) lines += `inference-header-content-length: ${jsonBytes}\r\n`
    return lines
  }

  #startStreaming(head: AnswerHead): void {
    this.#isStreaming = true
    if (this.isAbandoned) return
    this.#request.begin(head.status, this.#linesFor(head), head.contentLength)
    let takesMore = true
    for (const part of this.#parts.splice(0)) takesMore = this.#request.write(part)
    if (!takesMore) this.#awaitClient()
  }

  #awaitClient(): void {
    if (this.#pausedSeconds !== null) return
    this.#pausedSeconds = this.#now()
    this.#connection?.pause()
  }

  /** No worker is needed any more. */
  #settle(): void {
    this.state = 'settled'
    this.body = null
    this.#upload.close()
  }
}

export function isGood({ status }: AnswerHead): boolean {
  return status >= 200 && status < 300
}

/** Versions are named by daemons, who may name them as they like. */
function plain(version: string): string {
  return /^[\x20-\x7e]*$/.test(version) ? version : version.replace(/[^\x20-\x7e]/g, '?')
}

function chunkOf(bytes: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`${bytes.length.toString(16)}\r\n`, 'latin1'),
    bytes,
    Buffer.from('\r\n', 'latin1'),
  ])
}
