import type { ServingSet } from './serving-sets.ts'

/**
 * Serving sets in order of size, linked by single instances. A table of values by set is closed
 * under giving instances back and taking more on, at a price each, in two passes over it.
 */
export class SetLattice {
  readonly sets: readonly ServingSet[]
  readonly #classCount: number
  /** [set * classes + class]: the set with one instance more or less, -1 if there is none. */
  readonly #more: Int32Array
  readonly #less: Int32Array

  constructor(sets: readonly ServingSet[]) {
    const sizeOf = ({ counts }: ServingSet) => counts.reduce((sum, count) => sum + count, 0)
    this.sets = [...sets].sort((a, b) => sizeOf(a) - sizeOf(b))
    this.#classCount = this.sets[0]?.counts.length ?? 0
    const indexOf = new Map(this.sets.map(({ counts }, i) => [counts.join(), i]))
    const neighbours = (change: number) =>
      Int32Array.from(
        this.sets.flatMap(({ counts }) =>
          counts.map((_, k) => {
            const other = counts.map((count, j) => (j === k ? count + change : count))
            return indexOf.get(other.join()) ?? -1
          }),
        ),
      )
    this.#more = neighbours(1)
    this.#less = neighbours(-1)
  }

  /** values[s] becomes the best of all sets that contain s: instances are given back freely. */
  giveBack(values: Float64Array): void {
    for (let set = values.length - 1; set >= 0; set -= 1) this.#raise(values, set, this.#less)
  }

  /** values[s] becomes the best of all sets inside s, less the price of what is missing to s. */
  takeOn(values: Float64Array, price: Float64Array): void {
    for (let set = 0; set < values.length; set += 1) this.#raise(values, set, this.#more, price)
  }

  /** The same two, backwards in time: what is the best that can follow from s? */
  beforeGivingBack(values: Float64Array): void {
    for (let set = 0; set < values.length; set += 1) this.#raise(values, set, this.#more)
  }

  beforeTakingOn(values: Float64Array, price: Float64Array): void {
    for (let set = values.length - 1; set >= 0; set -= 1) {
      this.#raise(values, set, this.#less, price)
    }
  }

  /** Offers the value of a set to its neighbours. */
  #raise(values: Float64Array, set: number, to: Int32Array, price?: Float64Array): void {
    const value = values[set] as number
    for (let k = 0; k < this.#classCount; k += 1) {
      const other = to[set * this.#classCount + k] as number
      if (other < 0) continue
      const offer = price === undefined ? value : value - (price[k] as number)
      if (offer > (values[other] as number)) values[other] = offer
    }
  }
}
