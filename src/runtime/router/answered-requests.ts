/** What is remembered of an answer until its feedback comes. */
export type AnsweredRequest = {
  readonly requestId: string
  readonly serverId: string
  readonly version: string
  readonly arrivedAtSeconds: number
}

export type FoundAnswer = AnsweredRequest & {
  /** The bodies; null where they were not kept. Valid until the next `add`. */
  readonly request: Buffer | null
  readonly answer: Buffer | null
  /** Its feedback was taken already. */
  readonly isLabelled: boolean
}

type Entry = {
  readonly segment: Segment
  readonly answered: AnsweredRequest
  readonly offset: number
  readonly requestBytes: number
  readonly answerBytes: number
  isLabelled: boolean
}

type Segment = { readonly bytes: Buffer; readonly ids: string[]; used: number }

const segmentBytes = 1 << 20
/** A longer body is not kept: few of them would push out many answers. */
const bodyBytesMax = 64 << 10
/** What an entry takes beside its bodies: the object, its id, its place in the map; rounded up. */
const entryBytes = 512
const none = -1

/**
 * The answers of one tenant that wait for feedback, in bounded memory: bodies lie one after the
 * other in segments of a mebibyte, and when the bound is reached the oldest segment goes whole. No
 * body is an object of its own, so a million answers cost the garbage collector nothing.
 */
export class AnsweredRequests {
  readonly #entries = new Map<string, Entry>()
  readonly #segments: Segment[] = []
  #segmentsMax: number

  constructor(memoryMiBMax: number) {
    this.#segmentsMax = segmentsFor(memoryMiBMax)
  }

  get size(): number {
    return this.#entries.size
  }

  setMemory(memoryMiBMax: number): void {
    this.#segmentsMax = segmentsFor(memoryMiBMax)
    while (this.#segments.length > this.#segmentsMax) this.#dropOldest()
  }

  add(answered: AnsweredRequest, request: Buffer | null, answer: Buffer | null): void {
    const requestBytes = keptBytes(request)
    const answerBytes = keptBytes(answer)
    const need = Math.max(0, requestBytes) + Math.max(0, answerBytes) + entryBytes
    const segment = this.#segmentFor(need)
    const offset = segment.used
    if (request !== null && requestBytes > 0) request.copy(segment.bytes, offset)
    if (answer !== null && answerBytes > 0) {
      answer.copy(segment.bytes, offset + Math.max(0, requestBytes))
    }
    segment.used += need
    segment.ids.push(answered.requestId)
    this.#entries.set(answered.requestId, {
      segment,
      answered,
      offset,
      requestBytes,
      answerBytes,
      isLabelled: false,
    })
  }

  find(requestId: string): FoundAnswer | null {
    const entry = this.#entries.get(requestId)
    if (entry === undefined) return null
    const { segment, offset, requestBytes, answerBytes } = entry
    const from = offset + Math.max(0, requestBytes)
    return {
      ...entry.answered,
      request: requestBytes < 0 ? null : segment.bytes.subarray(offset, offset + requestBytes),
      answer: answerBytes < 0 ? null : segment.bytes.subarray(from, from + answerBytes),
      isLabelled: entry.isLabelled,
    }
  }

  markLabelled(requestId: string): void {
    const entry = this.#entries.get(requestId)
    if (entry !== undefined) entry.isLabelled = true
  }

  #segmentFor(need: number): Segment {
    const last = this.#segments.at(-1)
    if (last !== undefined && last.used + need <= segmentBytes) return last
    // Memory that was used before costs no page faults, and the garbage collector nothing.
    const isFull = this.#segments.length >= this.#segmentsMax
    const bytes = (isFull ? this.#dropOldest() : null) ?? Buffer.allocUnsafeSlow(segmentBytes)
    const segment = { bytes, ids: [], used: 0 }
    this.#segments.push(segment)
    return segment
  }

  /** Answers its memory. */
  #dropOldest(): Buffer | null {
    const oldest = this.#segments.shift()
    for (const id of oldest?.ids ?? []) this.#entries.delete(id)
    return oldest?.bytes ?? null
  }
}

function keptBytes(body: Buffer | null): number {
  return body === null || body.length > bodyBytesMax ? none : body.length
}

function segmentsFor(memoryMiB: number): number {
  return Math.max(1, Math.floor((memoryMiB * (1 << 20)) / segmentBytes))
}
