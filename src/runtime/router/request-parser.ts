import { LastHead } from './last-head.ts'
import {
  areFields,
  isTrouble,
  type RequestHead,
  type RequestTrouble,
  readRequestHead,
} from './request-head.ts'

export type RequestSink = {
  onHead(head: RequestHead): void
  /** May be kept: the bytes are not used again. */
  onBody(bytes: Buffer): void
  onEnd(): void
}

export const headBytesMax = 16 << 10
/** A chunk's size and what may be said beside it, which nobody reads. */
const lineBytesMax = 1024
/** All that is neither data nor size in a chunked body: extensions and trailers. */
const asideBytesMax = 16 << 10

const none = Buffer.alloc(0)
const lineFeed = 0x0a
const carriageReturn = 0x0d

/** `counted` counts down a body of known length, `chunk` the chunk at hand. */
type State =
  | 'head'
  | 'counted'
  | 'chunk-size'
  | 'chunk'
  | 'chunk-end'
  | 'trailer'
  | 'done'
  | 'broken'

/**
 * Reads one HTTP/1.1 request after another (RFC 9112) from what a client sends. It stops at the end
 * of each: `push` answers what lies beyond, to be pushed again after `next`. What is no request is
 * `trouble`, once and for good: there is no telling where the next one would begin.
 */
export class RequestParser {
  trouble: RequestTrouble | null = null
  readonly #sink: RequestSink
  #state: State = 'head'
  /** A head or line that is not complete yet. */
  #partial: Buffer | null = null
  #left = 0
  #asideBytes = 0
  readonly #last = new LastHead<RequestHead>()

  constructor(sink: RequestSink) {
    this.#sink = sink
  }

  /** Part of a head has come. */
  get isInHead(): boolean {
    return this.#state === 'head' && this.#partial !== null
  }

  push(bytes: Buffer): Buffer {
    let rest = bytes
    while (rest.length > 0 && this.#state !== 'done' && this.#state !== 'broken') {
      rest = this.#take(rest)
    }
    return rest
  }

  /** The last request is dealt with; the next may come. */
  next(): void {
    if (this.#state === 'done') this.#state = 'head'
  }

  #take(bytes: Buffer): Buffer {
    switch (this.#state) {
      case 'head':
        return this.#takeHead(bytes)
      case 'counted':
      case 'chunk':
        return this.#takeCounted(bytes)
      case 'trailer':
        return this.#takeTrailer(bytes)
      default:
        return this.#takeLine(bytes)
    }
  }

  #takeHead(bytes: Buffer): Buffer {
    const all = this.#joined(bytes)
    const known = this.#last.find(all)
    if (known !== null) return this.#begin(known, all.subarray(this.#last.length))
    const from = startsWithLineEnd(all) ? 2 : 0
    const end = all.indexOf('\r\n\r\n', from, 'latin1')
    if (end > headBytesMax || (end < 0 && all.length > headBytesMax)) {
      return this.#fail(431, `A head has at most ${headBytesMax} bytes`)
    }
    if (end < 0) {
      return hasBareLineFeed(all) ? this.#fail(400, 'A line ends without CR') : this.#keep(all)
    }
    const read = readRequestHead(all.toString('latin1', from, end + 2))
    if (isTrouble(read)) return this.#fail(read.status, read.message)
    if (from === 0) this.#last.keep(all, end + 4, read)
    return this.#begin(read, all.subarray(end + 4))
  }

  #begin(head: RequestHead, rest: Buffer): Buffer {
    const { bodyBytes } = head
    this.#left = bodyBytes ?? 0
    this.#asideBytes = 0
    this.#state = bodyBytes === null ? 'chunk-size' : bodyBytes === 0 ? 'done' : 'counted'
    this.#sink.onHead(head)
    if (bodyBytes === 0) this.#sink.onEnd()
    return rest
  }

  #takeCounted(bytes: Buffer): Buffer {
    const own = this.#left >= bytes.length ? bytes : bytes.subarray(0, this.#left)
    this.#left -= own.length
    const isLast = this.#left === 0
    const isWhole = isLast && this.#state === 'counted'
    if (isWhole) this.#state = 'done'
    else if (isLast) this.#state = 'chunk-end'
    this.#sink.onBody(own)
    if (isWhole) this.#sink.onEnd()
    return own.length === bytes.length ? none : bytes.subarray(own.length)
  }

  #takeLine(bytes: Buffer): Buffer {
    const all = this.#joined(bytes)
    const end = all.indexOf('\r\n', 0, 'latin1')
    const isLong = end > lineBytesMax || (end < 0 && all.length > lineBytesMax)
    if (isLong || (end < 0 && hasBareLineFeed(all))) return this.#fail(400, 'A chunk has no size')
    if (end < 0) return this.#keep(all)
    const line = all.toString('latin1', 0, end)
    if (this.#state === 'chunk-end') {
      if (line !== '') return this.#fail(400, 'A chunk is longer than its size')
      this.#state = 'chunk-size'
      return all.subarray(end + 2)
    }
    const size = /^([\dA-Fa-f]{1,8})(?:;[\t\x20-\x7e\x80-\xff]*)?$/.exec(line)?.[1]
    if (size === undefined) return this.#fail(400, 'A chunk has no size')
    this.#asideBytes += line.length - size.length
    if (this.#asideBytes > asideBytesMax) return this.#fail(400, 'Its chunks say too much')
    this.#left = Number.parseInt(size, 16)
    this.#state = this.#left === 0 ? 'trailer' : 'chunk'
    return all.subarray(end + 2)
  }

  /** Fields after the last chunk: read, for they must end, and forgotten. */
  #takeTrailer(bytes: Buffer): Buffer {
    const all = this.#joined(bytes)
    const isEmpty = startsWithLineEnd(all)
    const end = isEmpty ? 0 : all.indexOf('\r\n\r\n', 0, 'latin1')
    if (end > asideBytesMax || (end < 0 && all.length > asideBytesMax)) {
      return this.#fail(431, 'Its trailer is too long')
    }
    if (end < 0) {
      return hasBareLineFeed(all) ? this.#fail(400, 'A line ends without CR') : this.#keep(all)
    }
    if (!isEmpty && !areFields(all.toString('latin1', 0, end + 2))) {
      return this.#fail(400, 'Its trailer is unreadable')
    }
    this.#state = 'done'
    this.#sink.onEnd()
    return all.subarray(isEmpty ? 2 : end + 4)
  }

  #joined(bytes: Buffer): Buffer {
    if (this.#partial === null) return bytes
    const all = Buffer.concat([this.#partial, bytes])
    this.#partial = null
    return all
  }

  #keep(bytes: Buffer): Buffer {
    this.#partial = bytes
    return none
  }

  #fail(status: number, message: string): Buffer {
    this.#state = 'broken'
    this.trouble = { status, message }
    return none
  }
}

function startsWithLineEnd(bytes: Buffer): boolean {
  return bytes[0] === carriageReturn && bytes[1] === lineFeed
}

function hasBareLineFeed(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) {
    if (bytes[at - 1] !== carriageReturn) return true
  }
  return false
}
