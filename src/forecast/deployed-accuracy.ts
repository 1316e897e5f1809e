import type { AccuracySample, DeployedVersion } from '../core/observation.ts'
import type { DriftEstimate } from './drift-estimate.ts'
import { asShare, type Horizon, type OverHorizon, overHorizon } from './horizon.ts'
import { accuracyOf, type Estimate } from './learning-curve.ts'

/**
 * Accuracy wanders beside its steady fall (shifts, changing traffic): 0.03 in 200 s, per root
 * second.
 */
const wanderPerRootSecond = 0.03 / Math.sqrt(200)

/**
 * Accuracy of the deployed version now: every test of it, carried to `nowSeconds` at the estimated
 * drift and weighted by its certainty, which shrinks with its age. Without any test it is
 * `unknown`.
 */
export function deployedAccuracyNow(
  deployed: DeployedVersion,
  samples: readonly AccuracySample[],
  knowledge: {
    readonly nowSeconds: number
    readonly drift: DriftEstimate
    readonly unknown: Estimate
  },
): Estimate {
  const { nowSeconds, drift, unknown } = knowledge
  const tests = samples.filter(
    (sample) => sample.versionId === deployed.versionId && sample.labelled > 0,
  )
  const all = tests.map((sample) => ({ at: sample.atSeconds, ...accuracyOf(sample) }))
  if (deployed.heldOut !== null && deployed.heldOut.labelled > 0) {
    all.push({ at: deployed.versionLabelledUntilSeconds, ...accuracyOf(deployed.heldOut) })
  }
  let precision = unknown.deviation ** -2
  let sum = precision * unknown.mean
  for (const { at, mean, deviation } of all) {
    const age = Math.max(0, nowSeconds - at)
    const variance = deviation ** 2 + (drift.deviation * age) ** 2 + wanderPerRootSecond ** 2 * age
    precision += 1 / variance
    sum += (mean - drift.mean * age) / variance
  }
  return { mean: asShare(sum / precision), deviation: Math.sqrt(1 / precision) }
}

/** The same over a horizon: it goes on falling at the estimated drift. */
export function forecastDeployed(
  now: Estimate,
  drift: DriftEstimate,
  horizon: Horizon,
): OverHorizon {
  return overHorizon(horizon, (at) => asShare(now.mean - drift.mean * (at - horizon.startSeconds)))
}
