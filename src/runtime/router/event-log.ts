import type { RouterEvent, RouterMessage } from './protocol.ts'

type Entry = { readonly number: number; readonly line: string }

/**
 * Events until a daemon has acknowledged them, in bounded memory: what a router saw while there was
 * no daemon is told to the next. Beyond the bound the oldest go, and that is told too.
 */
export class EventLog {
  readonly #bytesMax: number
  readonly #now: () => number
  #entries: Entry[] = []
  #bytes = 0
  #last = 0
  /** The first of what was dropped since it was told last; 0 = nothing was. */
  #lostFrom = 0
  onAppend: (() => void) | null = null

  constructor(options: { readonly bytesMax: number; readonly now: () => number }) {
    this.#bytesMax = options.bytesMax
    this.#now = options.now
  }

  append(event: RouterEvent): void {
    this.#last += 1
    const line = lineOf({
      kind: 'event',
      number: this.#last,
      atSeconds: this.#now(),
      event,
    })
    this.#entries.push({ number: this.#last, line })
    this.#bytes += line.length
    if (this.#bytes > this.#bytesMax) this.#dropOldest()
    this.onAppend?.()
  }

  acknowledge(through: number): void {
    const kept = this.#entries.findIndex(({ number }) => number > through)
    const gone = this.#entries.splice(0, kept < 0 ? this.#entries.length : kept)
    for (const { line } of gone) this.#bytes -= line.length
    if (gone.length > 0) this.#lostFrom = 0
  }

  /** The first event after that number, or word of those lost since; null: there is none. */
  after(number: number): Entry | null {
    const first = this.#entries[0]
    if (first === undefined) return null
    if (this.#lostFrom > 0 && number < first.number - 1) {
      const through = first.number - 1
      const event: RouterEvent = { kind: 'events-lost', from: this.#lostFrom, through }
      const line = lineOf({ kind: 'event', number: through, atSeconds: this.#now(), event })
      return { number: through, line }
    }
    return this.#entries[Math.max(0, number + 1 - first.number)] ?? null
  }

  /** A tenth at once, so that a full log does not shift for every event. */
  #dropOldest(): void {
    const first = this.#entries[0]
    const count = Math.ceil(this.#entries.length / 10)
    if (this.#lostFrom === 0 && first !== undefined) this.#lostFrom = first.number
    for (const { line } of this.#entries.splice(0, count)) this.#bytes -= line.length
  }
}

function lineOf(message: RouterMessage): string {
  return `${JSON.stringify(message)}\n`
}
