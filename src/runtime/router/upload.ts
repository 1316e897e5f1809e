import type { BufferBudget } from './buffer-budget.ts'
import type { ClientRequest } from './client-request.ts'

export type UploadLimits = {
  /** A larger body is not taken. */
  readonly bodyBytesMax: number
  /** A larger one is streamed. */
  readonly bufferBytesMax: number
}

export type UploadListener = {
  /** The whole body is there. */
  onBuffered(body: Buffer): void
  /** It is larger than what is buffered: `stream` passes it on, from the beginning. */
  onLarge(): void
  onTooLarge(): void
  onNoMemory(): void
}

/** Where a streamed body goes. */
export type UploadTarget = {
  /** False: no more until `Upload.drained`. */
  write(bytes: Buffer): boolean
  finish(): void
}

/**
 * What comes in smaller pieces is copied together: a piece on its own takes some hundred bytes
 * beside its own, and a client may send a mebibyte byte by byte.
 */
const pieceBytes = 4096

/**
 * Receives a request's body: whole up to `bufferBytesMax`; a larger one stops there and waits, its
 * client slowed down by TCP, until somebody takes it as a stream. Declared lengths are never
 * trusted with memory: what is held is what came.
 */
export class Upload {
  /** When the client sent something last, or was last waited for by us, in the router's seconds. */
  progressSeconds: number
  readonly #request: ClientRequest
  readonly #limits: UploadLimits
  readonly #budget: BufferBudget
  readonly #listener: UploadListener
  readonly #now: () => number
  #parts: Buffer[] = []
  /** Small pieces after those parts, `#gatheredBytes` of it. */
  #gathered: Buffer | null = null
  #gatheredBytes = 0
  #bytes = 0
  #heldBytes = 0
  #isWaiting = false
  #hasEnded = false
  #isClosed = false
  #target: UploadTarget | null = null

  constructor(
    request: ClientRequest,
    options: {
      readonly limits: UploadLimits
      readonly budget: BufferBudget
      readonly listener: UploadListener
      readonly now: () => number
    },
  ) {
    this.#request = request
    this.#limits = options.limits
    this.#budget = options.budget
    this.#listener = options.listener
    this.#now = options.now
    this.progressSeconds = options.now()
  }

  /** Passes on what came and what comes. Once. */
  stream(target: UploadTarget): void {
    this.#target = target
    this.progressSeconds = this.#now()
    let takesMore = true
    for (const part of this.#takeParts()) takesMore = target.write(part)
    this.#release()
    if (this.#hasEnded) target.finish()
    else if (takesMore) this.drained()
  }

  /** The target takes more again. */
  drained(): void {
    this.#isWaiting = false
    this.progressSeconds = this.#now()
    this.#request.resumeBody()
  }

  /** Whether it is the client that the rest of the body waits for. */
  get awaitsClient(): boolean {
    return this.#target !== null && !this.#hasEnded && !this.#isClosed && !this.#isWaiting
  }

  /** Lets go of the body; what still comes is thrown away. */
  close(): void {
    this.#isClosed = true
    this.#target = null
    this.#parts = []
    this.#gathered = null
    this.#release()
    this.#request.resumeBody()
  }

  /** What the client sent next. */
  take(bytes: Buffer): void {
    if (this.#isClosed) return
    this.#bytes += bytes.length
    this.progressSeconds = this.#now()
    if (this.#bytes > this.#limits.bodyBytesMax) {
      this.close()
      this.#listener.onTooLarge()
    } else if (this.#target !== null) {
      if (this.#target.write(bytes)) return
      this.#isWaiting = true
      this.#request.pauseBody()
    } else if (!this.#budget.take(bytes.length)) {
      this.close()
      this.#listener.onNoMemory()
    } else this.#hold(bytes)
  }

  #hold(bytes: Buffer): void {
    this.#heldBytes += bytes.length
    if (bytes.length < pieceBytes && this.#bytes > bytes.length) this.#gather(bytes)
    else {
      this.#keepGathered()
      this.#parts.push(bytes)
    }
    if (this.#bytes <= this.#limits.bufferBytesMax || this.#isWaiting) return
    this.#isWaiting = true
    this.#request.pauseBody()
    this.#listener.onLarge()
  }

  /** The client sent all of it. */
  end(): void {
    if (this.#isClosed) return
    this.#hasEnded = true
    if (this.#target !== null) this.#target.finish()
    else if (!this.#isWaiting) {
      const parts = this.#takeParts()
      this.#listener.onBuffered(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts))
    }
  }

  #gather(bytes: Buffer): void {
    if (this.#gathered === null || this.#gatheredBytes + bytes.length > pieceBytes) {
      this.#keepGathered()
      this.#gathered = Buffer.allocUnsafeSlow(pieceBytes)
    }
    bytes.copy(this.#gathered, this.#gatheredBytes)
    this.#gatheredBytes += bytes.length
  }

  #keepGathered(): void {
    if (this.#gathered === null) return
    this.#parts.push(this.#gathered.subarray(0, this.#gatheredBytes))
    this.#gathered = null
    this.#gatheredBytes = 0
  }

  #takeParts(): readonly Buffer[] {
    this.#keepGathered()
    const parts = this.#parts
    this.#parts = []
    return parts
  }

  #release(): void {
    this.#budget.give(this.#heldBytes)
    this.#heldBytes = 0
  }
}
