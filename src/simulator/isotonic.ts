/**
 * The nearest sequence (weighted least squares) that never falls: pool adjacent violators (Ayer et
 * al. 1955). `weights` are positive and parallel to `values`.
 */
export function neverFalling(
  values: readonly number[],
  weights: readonly number[],
): readonly number[] {
  const pools: { sum: number; weight: number; length: number }[] = []
  for (const [i, value] of values.entries()) {
    const weight = weights[i] as number
    let pool = { sum: value * weight, weight, length: 1 }
    let below = pools.at(-1)
    while (below !== undefined && below.sum / below.weight > pool.sum / pool.weight) {
      pools.pop()
      pool = {
        sum: below.sum + pool.sum,
        weight: below.weight + pool.weight,
        length: below.length + pool.length,
      }
      below = pools.at(-1)
    }
    pools.push(pool)
  }
  return pools.flatMap(({ sum, weight, length }) => new Array<number>(length).fill(sum / weight))
}

/** The same for a sequence that never rises. */
export function neverRising(
  values: readonly number[],
  weights: readonly number[],
): readonly number[] {
  const turned = values.map((value) => -value)
  return neverFalling(turned, weights).map((value) => -value)
}
