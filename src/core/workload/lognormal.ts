/**
 * Standard normal distribution function, within 1.5e-7 (Abramowitz and Stegun 7.1.26). Planners
 * need it a million times, so speed counts for more than the last digits.
 */
export function normalCdf(z: number): number {
  const x = Math.abs(z) * Math.SQRT1_2
  const t = 1 / (1 + 0.3275911 * x)
  const series =
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  const tail = 0.5 * series * Math.exp(-x * x)
  return z > 0 ? 1 - tail : tail
}

/** A lognormal variable: its mean, the logarithm of it, and the deviation of its logarithm. */
export type Lognormal = {
  readonly mean: number
  readonly logMean: number
  readonly sigma: number
}

/** E[min(X, limit)]; `logLimit` is the limit's logarithm, which callers have at hand. */
export function expectedMinimum(x: Lognormal, limit: number, logLimit: number): number {
  const { mean, logMean, sigma } = x
  const z = (logLimit - logMean) / sigma
  if (z > 6 + sigma) return mean
  return mean * normalCdf(z - sigma / 2) + limit * (1 - normalCdf(z + sigma / 2))
}
