import { assert } from '../base/assert.ts'

/**
 * What happens first at one instant: faults, then facts (operations, workers), then plans that take
 * effect, then timers, then the second's turn, then the window's. Requests of that instant come
 * before all of them (request-engine.ts). Of one rank, what was scheduled first comes first.
 */
export const ranks = ['fault', 'fact', 'plan', 'timer', 'second', 'window'] as const
export type Rank = (typeof ranks)[number]

type Entry<T> = {
  readonly atSeconds: number
  readonly rank: number
  readonly order: number
  readonly value: T
}

export type Due<T> = { readonly atSeconds: number; readonly value: T }

/** Things to come on a virtual clock, in a total order. A binary heap. */
export class Agenda<T> {
  readonly #heap: Entry<T>[] = []
  #made = 0
  #nowSeconds = 0

  get size(): number {
    return this.#heap.length
  }

  /** When the next thing happens; null when nothing will. */
  get nextSeconds(): number | null {
    return this.#heap[0]?.atSeconds ?? null
  }

  add(atSeconds: number, rank: Rank, value: T): void {
    assert(
      atSeconds >= this.#nowSeconds,
      `Cannot schedule into the past: now ${this.#nowSeconds}, asked ${atSeconds}`,
    )
    const entry = { atSeconds, rank: ranks.indexOf(rank), order: this.#made, value }
    this.#made += 1
    this.#heap.push(entry)
    this.#rise(this.#heap.length - 1)
  }

  /** Takes the first thing out; null when there is none. */
  pop(): Due<T> | null {
    const first = this.#heap[0]
    const last = this.#heap.pop()
    if (first === undefined || last === undefined) return null
    if (this.#heap.length > 0) {
      this.#heap[0] = last
      this.#sink(0)
    }
    this.#nowSeconds = first.atSeconds
    return { atSeconds: first.atSeconds, value: first.value }
  }

  #rise(from: number): void {
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isBefore(at, parent)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #sink(from: number): void {
    let at = from
    for (;;) {
      let first = at
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.#heap.length && this.#isBefore(child, first)) first = child
      }
      if (first === at) return
      this.#swap(at, first)
      at = first
    }
  }

  #isBefore(i: number, j: number): boolean {
    const a = this.#heap[i] as Entry<T>
    const b = this.#heap[j] as Entry<T>
    return (a.atSeconds - b.atSeconds || a.rank - b.rank || a.order - b.order) < 0
  }

  #swap(i: number, j: number): void {
    const a = this.#heap[i] as Entry<T>
    this.#heap[i] = this.#heap[j] as Entry<T>
    this.#heap[j] = a
  }
}
