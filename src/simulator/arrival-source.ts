import { assert } from '../base/assert.ts'
import type { Rng } from '../base/rng.ts'
import type { ArrivalSeries } from '../core/workload/arrival-series.ts'

/** Gaps are drawn this many at a time: a tight loop costs half of as many single draws. */
const blockLength = 128

/** How many mean gaps before t = 0 a renewal process starts, so that t = 0 is no special moment. */
const runInGaps = 64

/**
 * The requests of one tenant, one after the other, drawn when asked for. Gaps are independent, with
 * mean 1 and the series' coefficient of variation (exponential at 1, constant at 0, gamma
 * otherwise), and are stretched by the rate of the second they fall in: a renewal process in
 * operational time, exactly Poisson at 1. Only requests in [0, endSeconds) exist.
 */
export class ArrivalSource {
  /** When the next request arrives; Infinity when none is left. */
  nextSeconds = 0
  /** How many items it has. */
  nextItems = 1
  readonly #series: ArrivalSeries
  readonly #endSecond: number
  readonly #gaps: Rng
  readonly #items: Rng
  readonly #shape: number
  readonly #itemSizes: Int32Array
  /** Upper ends of the sizes' shares of [0, 1). */
  readonly #itemBounds: Float64Array
  readonly #block = new Float64Array(blockLength)
  #blockAt = blockLength
  #second = 0
  #rate = 0

  constructor(series: ArrivalSeries, rng: Rng, endSeconds: number) {
    const { ratesRps, historySeconds, gapCv, items } = series
    assert(gapCv >= 0 && gapCv < Infinity, `Gaps cannot vary by ${gapCv}`)
    assert(items.length > 0, 'A request has items')
    this.#series = series
    this.#endSecond = Math.min(ratesRps.length - historySeconds, endSeconds)
    this.#gaps = rng.split('gaps')
    this.#items = rng.split('items')
    this.#shape = gapCv === 0 ? Infinity : 1 / gapCv ** 2
    this.#itemSizes = Int32Array.from(items, (entry) => entry.items)
    this.#itemBounds = cumulative(items.map(({ share }) => share))
    this.#rate = ratesRps[historySeconds] ?? 0
    this.#advanceBy(this.#firstGap())
  }

  /** Draws the request after this one. */
  advance(): void {
    this.#advanceBy(this.#gap())
  }

  /** No further request exists. */
  stop(): void {
    this.nextSeconds = Infinity
  }

  #advanceBy(gap: number): void {
    let left = gap
    let at = this.nextSeconds
    let expected = (this.#second + 1 - at) * this.#rate
    while (left >= expected) {
      left -= expected
      this.#second += 1
      at = this.#second
      if (at >= this.#endSecond) {
        this.nextSeconds = Infinity
        return
      }
      expected = this.#series.ratesRps[at + this.#series.historySeconds] as number
      this.#rate = expected
    }
    at += left / this.#rate
    this.nextSeconds = at < this.#endSecond ? at : Infinity
    if (this.#itemSizes.length > 1) this.#drawItems()
    else this.nextItems = this.#itemSizes[0] as number
  }

  #drawItems(): void {
    const u = this.#items.uniform()
    let size = 0
    while (size < this.#itemSizes.length - 1 && u >= (this.#itemBounds[size] as number)) size += 1
    this.nextItems = this.#itemSizes[size] as number
  }

  #gap(): number {
    if (this.#blockAt === blockLength) this.#drawBlock()
    const gap = this.#block[this.#blockAt] as number
    this.#blockAt += 1
    return gap
  }

  #drawBlock(): void {
    this.#blockAt = 0
    const block = this.#block
    const gaps = this.#gaps
    const shape = this.#shape
    if (shape === 1) for (let i = 0; i < blockLength; i += 1) block[i] = gaps.exponential()
    else if (shape === Infinity) block.fill(1)
    else for (let i = 0; i < blockLength; i += 1) block[i] = gaps.gamma(shape) / shape
  }

  /** From t = 0 to the first request, of a process that began long before. */
  #firstGap(): number {
    if (this.#shape === 1) return this.#gap()
    if (this.#shape === Infinity) return this.#gaps.uniform()
    let at = -runInGaps * Math.max(1, 1 / this.#shape)
    while (at < 0) at += this.#gap()
    return at
  }
}

function cumulative(shares: readonly number[]): Float64Array {
  const total = shares.reduce((sum, share) => sum + share, 0)
  let sum = 0
  return Float64Array.from(shares, (share) => {
    sum += share
    return sum / total
  })
}

/** Mean items of a request. */
export function meanItems(series: ArrivalSeries): number {
  const total = series.items.reduce((sum, { share }) => sum + share, 0)
  return series.items.reduce((sum, { items, share }) => sum + items * share, 0) / total
}
