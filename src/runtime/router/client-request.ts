import type { RequestHead } from './request-head.ts'

/** Told how a request goes on. */
export type ClientListener = {
  /** The bytes may be kept. */
  onRequestBody(bytes: Buffer): void
  onRequestEnd(): void
  /** An answer that is streamed may go on. */
  onClientDrain(): void
  /** The whole answer went out, or the client is gone; nothing more is told. */
  onClientClosed(): void
  /** Once a second. */
  sweep(nowSeconds: number): void
}

/** The connection that a request came by. */
export type RequestCarrier = {
  answer(answer: ClientAnswer): void
  begin(status: number, lines: string, bodyBytes: number | null): void
  write(bytes: Buffer): boolean
  end(): void
  destroy(): void
  pauseBody(): void
  resumeBody(): void
}

export type ClientAnswer = {
  readonly status: number
  /** Header lines, each with its end; none about length and connection. */
  readonly lines: string
  readonly body: Buffer
}

/**
 * One request of a client, and the way back to it. Answered once: whole by `answer`, or by `begin`,
 * `write` and `end`. When its client is gone all of them do nothing.
 */
export class ClientRequest {
  readonly head: RequestHead
  listener: ClientListener | null = null
  /** The whole body has come. */
  isComplete: boolean
  #carrier: RequestCarrier | null

  constructor(head: RequestHead, carrier: RequestCarrier) {
    this.head = head
    this.#carrier = carrier
    this.isComplete = head.bodyBytes === 0
  }

  /** Where the body still comes the connection ends after the answer. */
  answer(answer: ClientAnswer): void {
    this.#carrier?.answer(answer)
  }

  answerJson(status: number, value: unknown, lines = ''): void {
    const body = Buffer.from(JSON.stringify(value))
    this.answer({ status, lines: `content-type: application/json\r\n${lines}`, body })
  }

  /** An answer whose body follows; of unknown length: null. */
  begin(status: number, lines: string, bodyBytes: number | null): void {
    this.#carrier?.begin(status, lines, bodyBytes)
  }

  /** False when the client takes no more for now; `onClientDrain` says when it does again. */
  write(bytes: Buffer): boolean {
    return this.#carrier?.write(bytes) ?? true
  }

  end(): void {
    this.#carrier?.end()
  }

  /** Breaks the connection, so that what was sent is not taken for a whole answer. */
  destroy(): void {
    this.#carrier?.destroy()
  }

  pauseBody(): void {
    this.#carrier?.pauseBody()
  }

  resumeBody(): void {
    this.#carrier?.resumeBody()
  }

  /** The connection's word that it is over. */
  close(): void {
    if (this.#carrier === null) return
    this.#carrier = null
    this.listener?.onClientClosed()
  }
}
