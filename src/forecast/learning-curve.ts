import { assert, must } from '../base/assert.ts'
import type { LearningPoint } from '../core/observation.ts'

/** A value and its standard deviation. */
export type Estimate = { readonly mean: number; readonly deviation: number }

/** What is believed before any point: accuracy at the end of training, and before it. */
export type CurvePrior = { readonly end: Estimate; readonly start: Estimate }

/** How much more than its binomial noise a test on held-out labels errs. */
const extraDeviation = 0.005
/** A test with all or none correct would otherwise claim to be exact (Agresti and Coull 1998). */
const pseudoLabels = 4

/** Accuracy with its standard deviation, from a count of labels. */
export function accuracyOf({ labelled, correct }: Pick<LearningPoint, 'labelled' | 'correct'>) {
  assert(correct >= 0 && correct <= labelled, 'No more answers are correct than were labelled')
  const share = (correct + pseudoLabels / 2) / (labelled + pseudoLabels)
  const variance = (share * (1 - share)) / (labelled + pseudoLabels)
  return {
    mean: labelled > 0 ? correct / labelled : 0.5,
    deviation: Math.sqrt(variance + extraDeviation ** 2),
  } satisfies Estimate
}

/**
 * What is left of the distance between start and asymptote after x epochs, for a speed per epoch.
 */
const families: readonly ((x: number) => number)[] = [
  (x) => Math.exp(-x),
  // Ekya's form (NSDI 2022, section 4.3) has accuracy approach its end as 1 / (b0 x + b1).
  (x) => 1 / (1 + x),
]
/** Speeds, in units of one over the whole training: nearly straight, to over at once. */
const speeds: readonly number[] = [0.3, 0.6, 1.2, 2.5, 5, 10, 20, 40, 80]

/**
 * Accuracy after the whole training of `epochs`, from tests after part of it. The curve saturates,
 * a(x) = A + (a0 - A) g(k x), up or down: retraining can hurt. For each shape g and speed k of a
 * grid that is linear in the accuracies before (a0) and after all epochs, so the answer is a
 * weighted linear regression with the priors given; shapes are averaged by how well they explain
 * the points.
 */
export function fitLearningCurve(
  points: readonly LearningPoint[],
  epochs: number,
  prior: CurvePrior,
): Estimate {
  assert(epochs > 0, 'A training has epochs')
  const observed = points.map((point) => ({ epochs: point.epochs, ...accuracyOf(point) }))
  const fits = families.flatMap((family) =>
    speeds.map((speed) => {
      const left = family(speed)
      const rows = observed.map((point) => ({
        ...point,
        startShare: (family((speed * point.epochs) / epochs) - left) / (1 - left),
      }))
      return regress(rows, prior)
    }),
  )
  const best = Math.max(...fits.map((fit) => fit.logEvidence))
  const weights = fits.map((fit) => Math.exp(fit.logEvidence - best))
  return mixtureOf(fits, weights)
}

type Row = Estimate & { readonly startShare: number }

/**
 * Bayesian linear regression of accuracy = end x (1 - s) + start x s with Gaussian noise, one point
 * at a time (a Kalman filter on two constants). Answers the end's posterior and the log evidence.
 */
function regress(rows: readonly Row[], prior: CurvePrior): Estimate & { logEvidence: number } {
  let end = prior.end.mean
  let start = prior.start.mean
  let endVariance = prior.end.deviation ** 2
  let startVariance = prior.start.deviation ** 2
  let covariance = 0
  let logEvidence = 0
  for (const { mean, deviation, startShare: s } of rows) {
    const towardsEnd = (1 - s) * endVariance + s * covariance
    const towardsStart = (1 - s) * covariance + s * startVariance
    const variance = (1 - s) * towardsEnd + s * towardsStart + deviation ** 2
    const surprise = mean - (1 - s) * end - s * start
    logEvidence -= 0.5 * (Math.log(variance) + surprise ** 2 / variance)
    end += (towardsEnd * surprise) / variance
    start += (towardsStart * surprise) / variance
    endVariance -= towardsEnd ** 2 / variance
    startVariance -= towardsStart ** 2 / variance
    covariance -= (towardsEnd * towardsStart) / variance
  }
  return { mean: end, deviation: Math.sqrt(Math.max(0, endVariance)), logEvidence }
}

function mixtureOf(parts: readonly Estimate[], weights: readonly number[]): Estimate {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const mean = parts.reduce((sum, part, i) => sum + must(weights[i]) * part.mean, 0) / total
  const variance =
    parts.reduce(
      (sum, part, i) => sum + must(weights[i]) * (part.deviation ** 2 + (part.mean - mean) ** 2),
      0,
    ) / total
  return { mean: Math.min(1, Math.max(0, mean)), deviation: Math.sqrt(variance) }
}
