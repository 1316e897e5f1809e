import type { AccuracySample } from '../core/observation.ts'
import { accuracyOf, type Estimate } from './learning-curve.ts'

/** How fast a deployed version's accuracy falls, per second since its labels; the mean is >= 0. */
export type DriftEstimate = Estimate

/** Before any label: no fall, and a spread that lets a few hundred labels decide. */
export const unknownDrift: DriftEstimate = { mean: 0, deviation: 1e-3 }

/**
 * The common slope of accuracy against the age of the labels, each version with a level of its own
 * (a weighted least-squares analysis of covariance, with `prior` as one more observation). Samples
 * count half after each `halfLifeSeconds`, because drift need not stay what it was.
 */
export function estimateDrift(
  samples: readonly AccuracySample[],
  { nowSeconds, halfLifeSeconds }: { nowSeconds: number; halfLifeSeconds: number },
  prior: DriftEstimate = unknownDrift,
): DriftEstimate {
  const precision = prior.deviation ** -2
  let spread = precision
  let covariance = precision * -prior.mean
  for (const versionId of new Set(samples.map((sample) => sample.versionId))) {
    const own = samples
      .filter((sample) => sample.versionId === versionId && sample.labelled > 0)
      .map((sample) => {
        const { mean, deviation } = accuracyOf(sample)
        const recency = 0.5 ** ((nowSeconds - sample.atSeconds) / halfLifeSeconds)
        const age = sample.atSeconds - sample.versionLabelledUntilSeconds
        return { age, mean, weight: recency / deviation ** 2 }
      })
    const total = own.reduce((sum, { weight }) => sum + weight, 0)
    if (total <= 0) continue
    const ageMean = own.reduce((sum, { age, weight }) => sum + weight * age, 0) / total
    const accuracyMean = own.reduce((sum, { mean, weight }) => sum + weight * mean, 0) / total
    for (const { age, mean, weight } of own) {
      spread += weight * (age - ageMean) ** 2
      covariance += weight * (age - ageMean) * (mean - accuracyMean)
    }
  }
  return { mean: Math.max(0, -covariance / spread), deviation: Math.sqrt(1 / spread) }
}
