import { assert } from '../../base/assert.ts'
import type { GpuSupply } from './gpu-supply.ts'

/** Requests of one tenant, second by second. Prices are those of an item. */
export type BoundTenant = {
  /** Requests that arrive in each second. */
  readonly arrivals: ArrayLike<number>
  /** What an answer in time to a request of each second is worth at most. */
  readonly values: ArrayLike<number>
  /** How much work requests are, in items: (items, share of the requests) pairs. */
  readonly items: readonly { readonly items: number; readonly share: number }[]
  /** Whole seconds after its own in which a request may still be worked on. */
  readonly spillSeconds: number
}

/** Trials of a price on a line, by golden section. */
const trials = 12

/**
 * More than any schedule of work can be worth: requests answered in part, work at any time from the
 * second they arrive in to `spillSeconds` later, layouts and holders changed every second for free.
 *
 * By duality: at any prices for items in each second, no schedule is worth more than what the GPUs
 * are worth at those prices and what is left of each request's value above its lowest cost. Any
 * prices give a bound; close ones are found by lines (one tenant's price, or all together), first
 * as if nothing spilled, where seconds are apart, then from there with seconds after a dear one at
 * its price or not.
 */
export function pricedBound(tenants: readonly BoundTenant[], supply: GpuSupply): number {
  const seconds = tenants[0]?.arrivals.length ?? 0
  assert(
    tenants.every(
      ({ arrivals, values }) => arrivals.length === seconds && values.length === seconds,
    ),
    'All tenants have the same seconds',
  )
  const inTheirSecond = tenants.map((own) => ({ ...own, spillSeconds: 0 }))
  const apart = new Prices(inTheirSecond, supply, null)
  apart.improve()
  const found = [new Float64Array(seconds * tenants.length), apart.prices]
  const spread = spreadPrices(apart.prices, tenants)
  const starts = [apart.prices, spread]
  for (const start of starts) {
    const prices = new Prices(tenants, supply, start.slice())
    prices.improve()
    found.push(prices.prices)
  }
  const bounds = found.map((prices) => new Prices(tenants, supply, prices).bound())
  return Math.min(...bounds)
}

/** Each price raised to the highest of the seconds from which work can spill into its own. */
function spreadPrices(prices: Float64Array, tenants: readonly BoundTenant[]): Float64Array {
  return prices.map((price, at) => {
    const { spillSeconds } = tenants[at % tenants.length] as BoundTenant
    let highest = price
    for (let back = 1; back <= spillSeconds; back += 1) {
      highest = Math.max(highest, prices[at - back * tenants.length] ?? 0)
    }
    return highest
  })
}

class Prices {
  /** [second x tenants + tenant]. */
  readonly prices: Float64Array
  readonly #tenants: readonly BoundTenant[]
  readonly #supply: GpuSupply
  readonly #here: Float64Array

  /** Without a start, at what makes no request worth its work. */
  constructor(tenants: readonly BoundTenant[], supply: GpuSupply, start: Float64Array | null) {
    this.#tenants = tenants
    this.#supply = supply
    const count = tenants.length
    this.#here = new Float64Array(count)
    this.prices = start ?? new Float64Array(this.#seconds * count)
    if (start !== null) return
    for (let second = 0; second < this.#seconds; second += 1) {
      for (let w = 0; w < count; w += 1) this.prices[second * count + w] = this.#highest(second, w)
    }
  }

  bound(): number {
    let sum = 0
    const seconds = this.#seconds
    for (let second = 0; second < seconds; second += 1) {
      this.#look(second)
      sum += this.#supply(this.#here)
      for (let w = 0; w < this.#tenants.length; w += 1) sum += this.#left(w, second)
    }
    return sum
  }

  /** Better prices, second by second. */
  improve(): void {
    for (let second = 0; second < this.#seconds; second += 1) this.#improveOne(second)
  }

  #improveOne(second: number): void {
    const count = this.#tenants.length
    for (let w = 0; w < count; w += 1) this.#searchOne(second, w)
    if (count > 1) {
      this.#searchScale(second)
      for (let w = 0; w < count; w += 1) this.#searchOne(second, w)
    }
  }

  get #seconds(): number {
    return this.#tenants[0]?.arrivals.length ?? 0
  }

  #searchOne(second: number, w: number): void {
    const at = second * this.#tenants.length + w
    const most = this.#highest(second, w)
    if (most === 0) return
    this.#keepBest(second, () => {
      this.#golden(0, most, (price) => {
        this.prices[at] = price
        return this.#local(second)
      })
    })
  }

  #searchScale(second: number): void {
    const count = this.#tenants.length
    const from = this.prices.slice(second * count, (second + 1) * count)
    this.#keepBest(second, () => {
      this.#golden(0, 2, (factor) => {
        for (let w = 0; w < count; w += 1) {
          const price = Math.min(factor * (from[w] as number), this.#highest(second, w))
          this.prices[second * count + w] = price
        }
        return this.#local(second)
      })
    })
  }

  /** Runs a search, and takes it back where it ends no better than it began. */
  #keepBest(second: number, search: () => void): void {
    const count = this.#tenants.length
    const before = this.prices.slice(second * count, (second + 1) * count)
    const value = this.#local(second)
    search()
    if (this.#local(second) > value) this.prices.set(before, second * count)
  }

  /** Leaves the best of a convex function's tried points in place. */
  #golden(from: number, to: number, valueAt: (x: number) => number): void {
    const ratio = (Math.sqrt(5) - 1) / 2
    let low = from
    let high = to
    let best = { x: from, value: valueAt(from) }
    const tried = (x: number): number => {
      const value = valueAt(x)
      if (value < best.value) best = { x, value }
      return value
    }
    tried(to)
    let a = high - ratio * (high - low)
    let b = low + ratio * (high - low)
    let atA = tried(a)
    let atB = tried(b)
    for (let i = 0; i < trials; i += 1) {
      if (atA <= atB) {
        high = b
        b = a
        atB = atA
        a = high - ratio * (high - low)
        atA = tried(a)
      } else {
        low = a
        a = b
        atA = atB
        b = low + ratio * (high - low)
        atB = tried(b)
      }
    }
    valueAt(best.x)
  }

  /** All of the bound that the prices of this second are part of. */
  #local(second: number): number {
    this.#look(second)
    let sum = this.#supply(this.#here)
    for (let w = 0; w < this.#tenants.length; w += 1) {
      const { spillSeconds } = this.#tenants[w] as BoundTenant
      for (let from = Math.max(0, second - spillSeconds); from <= second; from += 1) {
        sum += this.#left(w, from)
      }
    }
    return sum
  }

  /** Value of the requests of a second above their cost at the lowest price that they can get. */
  #left(w: number, second: number): number {
    const { arrivals, values, items, spillSeconds } = this.#tenants[w] as BoundTenant
    const requests = arrivals[second] as number
    if (requests === 0) return 0
    const last = Math.min(this.#seconds - 1, second + spillSeconds)
    let cheapest = Infinity
    for (let at = second; at <= last; at += 1) {
      cheapest = Math.min(cheapest, this.prices[at * this.#tenants.length + w] as number)
    }
    const value = values[second] as number
    let each = 0
    for (const own of items) each += own.share * Math.max(0, value - own.items * cheapest)
    return requests * each
  }

  /** Above this price no request that could be worked on then is worth its work. */
  #highest(second: number, w: number): number {
    const { values, items, spillSeconds } = this.#tenants[w] as BoundTenant
    const [least = 1] = items.map((own) => own.items).sort((a, b) => a - b)
    let most = 0
    for (let from = Math.max(0, second - spillSeconds); from <= second; from += 1) {
      most = Math.max(most, (values[from] as number) / least)
    }
    return most
  }

  #look(second: number): void {
    const count = this.#tenants.length
    for (let w = 0; w < count; w += 1) {
      this.#here[w] = this.prices[second * count + w] as number
    }
  }
}
