import { must } from '../base/assert.ts'
import type { Grid } from './grid.ts'
import type { Place } from './places.ts'
import type { Job } from './schedule.ts'
import { otherRows } from './space-rows.ts'

type Limit = {
  /** Weight of each place, by index; 0 outside the limit. */
  readonly weights: Int8Array
  readonly right: number
  readonly used: Int16Array
}

/** Who may be where, slot by slot: memory slices as masks, other limits as sums. */
export class Occupancy {
  readonly #slotCount: number
  /** [gpu][slot] */
  readonly #masks: readonly Int32Array[]
  /** [gpu]: limits that memory slices do not imply. */
  readonly #limits: readonly (readonly Limit[])[]

  constructor(grid: Grid) {
    const { gpus, slotCount } = grid.problem
    this.#slotCount = slotCount
    this.#masks = gpus.map(() => new Int32Array(slotCount))
    this.#limits = gpus.map(({ model }, gpu) => {
      const places = grid.places.filter((place) => place.gpu === gpu)
      return otherRows(places, model).map(({ terms, right }) => {
        const weights = new Int8Array(grid.places.length)
        for (const [place, weight] of terms) weights[place] = weight
        return { weights, right, used: new Int16Array(slotCount) }
      })
    })
  }

  /** Whether the place could be held in all slots of [from, until) that lie inside the problem. */
  fits(place: Place, from: number, until: number): boolean {
    return this.freeUntil(place, from, until) >= Math.min(until, this.#slotCount)
  }

  /** The first slot from `from` on in which the place cannot be held, `until` at most. */
  freeUntil(place: Place, from: number, until: number): number {
    const end = Math.min(until, this.#slotCount)
    for (let slot = from; slot < end; slot += 1) if (!this.#isFree(place, slot)) return slot
    return end
  }

  /** The first slot from which on the place is free until `until`; `until` itself if it is not. */
  freeFrom(place: Place, until: number): number {
    let slot = Math.min(until, this.#slotCount)
    while (slot > 0 && this.#isFree(place, slot - 1)) slot -= 1
    return slot
  }

  add(job: Job): void {
    this.#change(job, 1)
  }

  remove(job: Job): void {
    this.#change(job, -1)
  }

  #isFree(place: Place, slot: number): boolean {
    if (((must(this.#masks[place.gpu])[slot] as number) & place.mask) !== 0) return false
    for (const { weights, right, used } of must(this.#limits[place.gpu])) {
      const weight = weights[place.index] as number
      if (weight > 0 && (used[slot] as number) + weight > right) return false
    }
    return true
  }

  #change({ place, from, until }: Job, sign: 1 | -1): void {
    const end = Math.min(until, this.#slotCount)
    const masks = must(this.#masks[place.gpu])
    for (let slot = from; slot < end; slot += 1) masks[slot] = (masks[slot] as number) ^ place.mask
    for (const { weights, used } of must(this.#limits[place.gpu])) {
      const weight = sign * (weights[place.index] as number)
      if (weight === 0) continue
      for (let slot = from; slot < end; slot += 1) used[slot] = (used[slot] as number) + weight
    }
  }
}
