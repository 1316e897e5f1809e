import { LastHead } from './last-head.ts'

/** What the router passes on of a worker's answer, and what it needs to read it. */
export type AnswerHead = {
  readonly status: number
  readonly contentType: string | null
  readonly contentEncoding: string | null
  /** Where JSON ends and binary tensors begin (the protocol's binary extension). */
  readonly jsonBytes: string | null
  /** Length of the body where it is told. */
  readonly contentLength: number | null
  /** Whether the connection takes another request after this answer. */
  readonly keepsAlive: boolean
  /** For how long it may idle before, as told. */
  readonly idleSecondsMax: number | null
}

export type AnswerSink = {
  readonly onHead: (head: AnswerHead) => void
  /** Valid during the call only. */
  readonly onBody: (bytes: Buffer) => void
}

const headBytesMax = 64 << 10
const lineBytesMax = 1024
const interimMax = 16

/** `length` counts down a body of known length, or the chunk at hand. */
type State =
  | 'head'
  | 'length'
  | 'until-close'
  | 'chunk-size'
  | 'chunk'
  | 'chunk-end'
  | 'trailer'
  | 'done'
  | 'broken'

/**
 * Reads one HTTP/1.1 answer after another (RFC 9112) from a connection on which requests are never
 * pipelined. Strict where laxness could mix two answers up: two lengths, bytes after an answer,
 * unreadable chunks are garbage. `push` answers what is wrong in words, or null; an answer is
 * complete when `isDone` holds after it.
 */
export class AnswerParser {
  #state: State = 'done'
  #sink: AnswerSink | null = null
  /** Bytes of a line or head that is not complete yet. */
  #partial: Buffer | null = null
  #left = 0
  #interim = 0
  #hasBytes = false
  readonly #last = new LastHead<Head>()

  /** Nothing is awaited: the last answer is complete, and no other was asked for. */
  get isDone(): boolean {
    return this.#state === 'done'
  }

  /** Something of the awaited answer arrived. */
  get hasBytes(): boolean {
    return this.#hasBytes
  }

  expect(sink: AnswerSink): void {
    this.#sink = sink
    this.#state = 'head'
    this.#interim = 0
    this.#hasBytes = false
  }

  push(bytes: Buffer): string | null {
    let rest: Buffer = bytes
    this.#hasBytes = true
    while (rest.length > 0) {
      if (this.#state === 'done') return this.#fail('bytes after the end of its answer')
      const taken = this.#take(rest)
      if (typeof taken === 'string') return taken
      rest = taken
    }
    return null
  }

  /** Whatever else arrives concerns nobody. */
  forget(): void {
    this.#sink = null
  }

  /** The connection ended. Whether that completes the answer. */
  end(): boolean {
    if (this.#state !== 'until-close') return false
    this.#finish()
    return true
  }

  #take(bytes: Buffer): Buffer | string {
    switch (this.#state) {
      case 'head':
        return this.#takeHead(bytes)
      case 'length':
      case 'chunk':
        return this.#takeCounted(bytes)
      case 'until-close':
        this.#sink?.onBody(bytes)
        return bytes.subarray(bytes.length)
      case 'chunk-size':
      case 'chunk-end':
      case 'trailer':
        return this.#takeLine(bytes)
      default:
        return this.#fail('bytes that nobody asked for')
    }
  }

  #takeHead(bytes: Buffer): Buffer | string {
    const all = this.#joined(bytes)
    const known = this.#last.find(all)
    if (known !== null) return this.#begin(known, all.subarray(this.#last.length))
    const end = all.indexOf('\r\n\r\n')
    if (end < 0) {
      if (all.length > headBytesMax) return this.#fail('a head without end')
      if (!looksLikeHttp(all)) return this.#fail('no HTTP answer')
      return this.#keep(all)
    }
    if (end > headBytesMax) return this.#fail('a head too large')
    const read = readHead(all.toString('latin1', 0, end))
    if (typeof read === 'string') return this.#fail(read)
    const rest = all.subarray(end + 4)
    const { status } = read.head
    if (status < 200) {
      this.#interim += 1
      const isBeyond = status === 101 || this.#interim > interimMax
      return isBeyond ? this.#fail(`an answer ${status} that nobody asked for`) : rest
    }
    this.#last.keep(all, end + 4, read)
    return this.#begin(read, rest)
  }

  #begin({ head, framing }: Head, rest: Buffer): Buffer {
    this.#left = head.contentLength ?? 0
    this.#state = framing
    this.#sink?.onHead(head)
    if (framing === 'length' && this.#left === 0) this.#finish()
    return rest
  }

  #takeCounted(bytes: Buffer): Buffer {
    const own = this.#left >= bytes.length ? bytes : bytes.subarray(0, this.#left)
    this.#left -= own.length
    this.#sink?.onBody(own)
    if (this.#left === 0) {
      if (this.#state === 'length') this.#finish()
      else if (this.#state === 'chunk') this.#state = 'chunk-end'
    }
    return bytes.subarray(own.length)
  }

  #takeLine(bytes: Buffer): Buffer | string {
    const all = this.#joined(bytes)
    const end = all.indexOf('\r\n')
    if (end > lineBytesMax || (end < 0 && all.length > lineBytesMax)) {
      return this.#fail('a chunk without a size')
    }
    if (end < 0) return this.#keep(all)
    const line = all.toString('latin1', 0, end)
    if (this.#state === 'chunk-size') {
      const size = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?$/i.exec(line)?.[1]
      if (size === undefined) return this.#fail('a chunk without a size')
      this.#left = Number.parseInt(size, 16)
      this.#state = this.#left === 0 ? 'trailer' : 'chunk'
    } else if (this.#state === 'chunk-end') {
      if (line !== '') return this.#fail('a chunk longer than its size')
      this.#state = 'chunk-size'
    } else if (line === '') this.#finish()
    return all.subarray(end + 2)
  }

  #joined(bytes: Buffer): Buffer {
    if (this.#partial === null) return bytes
    const all = Buffer.concat([this.#partial, bytes])
    this.#partial = null
    return all
  }

  /** Copies: the bytes are the reader's again after the call. */
  #keep(bytes: Buffer): Buffer {
    this.#partial = Buffer.from(bytes)
    return bytes.subarray(bytes.length)
  }

  #finish(): void {
    this.#state = 'done'
    this.#sink = null
  }

  #fail(words: string): string {
    this.#state = 'broken'
    this.#sink = null
    return words
  }
}

function looksLikeHttp(bytes: Buffer): boolean {
  const start = 'HTTP/1.'
  return start.startsWith(bytes.toString('latin1', 0, start.length))
}

type Head = {
  readonly head: AnswerHead
  readonly framing: 'length' | 'chunk-size' | 'until-close'
}

function readHead(text: string): Head | string {
  const lines = text.split('\r\n')
  const statusLine = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(lines[0] ?? '')
  if (statusLine === null) return 'no HTTP answer'
  const status = Number(statusLine[2])
  const fields = readFields(lines)
  if (typeof fields === 'string') return fields
  const connection = fields.get('connection')?.toLowerCase() ?? ''
  const length = fields.get('content-length')
  const coding = fields.get('transfer-encoding')
  if (length !== undefined && !/^\d{1,15}$/.test(length)) return 'an unreadable length'
  if (length !== undefined && coding !== undefined) return 'two lengths'
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return `coding ${coding}`
  const isBodiless = status === 204 || status === 304 || status < 200
  const isOpenEnded = length === undefined && coding === undefined && !isBodiless
  const staysByDefault = statusLine[1] === '1'
  const keepsAlive =
    !isOpenEnded && (staysByDefault ? connection !== 'close' : connection === 'keep-alive')
  const idle = /timeout=(\d{1,6})/i.exec(fields.get('keep-alive') ?? '')?.[1]
  const head: AnswerHead = {
    status,
    contentType: fields.get('content-type') ?? null,
    contentEncoding: fields.get('content-encoding') ?? null,
    jsonBytes: fields.get('inference-header-content-length') ?? null,
    contentLength: isBodiless ? 0 : length === undefined ? null : Number(length),
    keepsAlive,
    idleSecondsMax: idle === undefined ? null : Number(idle),
  }
  if (isOpenEnded) return { head, framing: 'until-close' }
  return { head, framing: coding === undefined || isBodiless ? 'length' : 'chunk-size' }
}

function readFields(lines: readonly string[]): Map<string, string> | string {
  const fields = new Map<string, string>()
  for (let i = 1; i < lines.length; i += 1) {
    const line = lines[i] as string
    const colon = line.indexOf(':')
    if (colon <= 0) return 'an unreadable header'
    const name = line.slice(0, colon).toLowerCase()
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) return 'an unreadable header'
    const value = line.slice(colon + 1).trim()
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return 'an unreadable header'
    const known = fields.get(name)
    if (known !== undefined && name === 'content-length' && known !== value) return 'two lengths'
    if (known !== undefined && name === 'transfer-encoding') return 'two codings'
    fields.set(name, value)
  }
  return fields
}
