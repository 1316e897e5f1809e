import { assert } from './assert.ts'

/**
 * Seeded pseudo-random numbers: sfc32 (Chris Doty-Humphrey's Small Fast Counting generator, 128
 * bits of state, passes PractRand). Ours, not a library's, because the simulator draws one number
 * per request in its hottest loop and a call through a generic distribution object costs several
 * times the draw itself.
 */
export class Rng {
  #a: number
  #b: number
  #c: number
  #counter = 1
  readonly #label: string

  constructor(seed: number, label = '') {
    assert(Number.isSafeInteger(seed) && seed >= 0, `A seed is a non-negative integer, not ${seed}`)
    this.#label = `${seed}/${label}`
    const [a, b, c] = hash128(this.#label)
    this.#a = a
    this.#b = b
    this.#c = c
    for (let i = 0; i < 12; i += 1) this.nextUint32()
  }

  /** An independent generator named `name`: adding one never disturbs the draws of another. */
  split(name: string): Rng {
    return new Rng(0, `${this.#label}/${name}`)
  }

  nextUint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    this.#c |= 0
    return sum >>> 0
  }

  /** Uniform in [0, 1), 32 bits of it. */
  uniform(): number {
    return this.nextUint32() * 2.3283064365386963e-10
  }

  /** Uniform integer in [0, bound). */
  integer(bound: number): number {
    assert(bound > 0 && bound <= 0x1_0000_0000, `A bound lies in 1..2^32, not ${bound}`)
    return Math.floor(this.uniform() * bound)
  }

  /** Exponential with mean 1. */
  exponential(): number {
    return -Math.log(1 - this.uniform())
  }

  /** Standard normal (Marsaglia's polar method; the second value is dropped to stay stateless). */
  normal(): number {
    for (;;) {
      const x = 2 * this.uniform() - 1
      const y = 2 * this.uniform() - 1
      const s = x * x + y * y
      if (s > 0 && s < 1) return x * Math.sqrt((-2 * Math.log(s)) / s)
    }
  }

  /** Gamma with the given shape and mean `shape` (Marsaglia and Tsang 2000). */
  gamma(shape: number): number {
    assert(shape > 0, `A gamma shape is positive, not ${shape}`)
    if (shape < 1) return this.gamma(shape + 1) * (1 - this.uniform()) ** (1 / shape)
    const d = shape - 1 / 3
    const c = 1 / Math.sqrt(9 * d)
    for (;;) {
      const x = this.normal()
      const v = (1 + c * x) ** 3
      if (v <= 0) continue
      const u = 1 - this.uniform()
      if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
    }
  }

  /** Poisson: inversion up to a mean of 30, above it a gamma reduction (Ahrens and Dieter 1974). */
  poisson(mean: number): number {
    assert(mean >= 0 && Number.isFinite(mean), `A Poisson mean is finite and >= 0, not ${mean}`)
    let left = mean
    let count = 0
    while (left > 30) {
      const m = Math.floor(left * 0.875)
      const x = this.gamma(m)
      if (x > left) return count + this.#binomial(m - 1, left / x)
      count += m
      left -= x
    }
    const limit = Math.exp(-left)
    let product = this.uniform()
    while (product > limit) {
      count += 1
      product *= this.uniform()
    }
    return count
  }

  #binomial(n: number, p: number): number {
    let hits = 0
    for (let i = 0; i < n; i += 1) if (this.uniform() < p) hits += 1
    return hits
  }
}

/** FNV-1a in three lanes: enough to spread labels over the state. */
function hash128(text: string): [number, number, number] {
  let a = 0x811c9dc5
  let b = 0x9e3779b9
  let c = 0x85ebca6b
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ (code + (a >>> 7)), 0x85ebca77)
    c = Math.imul(c ^ (code + (b >>> 11)), 0xc2b2ae3d)
  }
  return [a | 0, b | 0, c | 0]
}
