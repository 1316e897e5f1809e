import { assert } from '../base/assert.ts'

/** Each power of two is cut into 2^7 equal buckets. */
const subBits = 7
/** Below 2^-20 s (about a microsecond) everything is one bucket, as is everything over 2^17 s. */
const lowestExponent = -20
const highestExponent = 17
const bucketCount = (highestExponent - lowestExponent) << subBits
/** Index of the first bucket in the numbering by the leading bits of a float32. */
const firstCode = (lowestExponent + 127) << subBits

const float = new Float32Array(1)
const bits = new Int32Array(float.buffer)

/**
 * Counts of durations in seconds, for means and quantiles of millions of requests in constant
 * memory. Buckets are log-linear: the exponent and the leading seven bits of the mantissa, read
 * straight off a float32. A quantile is off by at most half a bucket, 2^-8 = 0.4 % of its value,
 * between a microsecond and 36 hours; the mean is exact.
 */
export class DurationHistogram {
  readonly #buckets = new Float64Array(bucketCount)
  #count = 0
  #sum = 0

  get count(): number {
    return this.#count
  }

  add(seconds: number): void {
    float[0] = seconds
    const code = ((bits[0] as number) >> (23 - subBits)) - firstCode
    const bucket = code < 0 ? 0 : code >= bucketCount ? bucketCount - 1 : code
    this.#buckets[bucket] = (this.#buckets[bucket] as number) + 1
    this.#count += 1
    this.#sum += seconds
  }

  /** Mean of all durations; 0 when there are none. */
  mean(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count
  }

  /** The duration that a share `p` in (0, 1] of all does not exceed; 0 when there are none. */
  quantile(p: number): number {
    assert(p > 0 && p <= 1, `A quantile lies in (0, 1], not ${p}`)
    if (this.#count === 0) return 0
    let left = Math.ceil(p * this.#count)
    let bucket = 0
    while (left > (this.#buckets[bucket] as number)) {
      left -= this.#buckets[bucket] as number
      bucket += 1
    }
    bits[0] = (bucket + firstCode) << (23 - subBits)
    const low = float[0] as number
    bits[0] = (bucket + 1 + firstCode) << (23 - subBits)
    return (low + (float[0] as number)) / 2
  }
}
