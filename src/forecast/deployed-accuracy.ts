import { must } from '../base/assert.ts'
import type { AccuracySample, DeployedVersion } from '../core/observation.ts'
import { type DriftEstimate, lostBetween } from './drift-estimate.ts'
import { asShare, type Horizon, type OverHorizon, overHorizon } from './horizon.ts'
import { accuracyOf, type Estimate } from './learning-curve.ts'

/**
 * Accuracy wanders beside its steady fall (shifts, changing traffic): 0.03 in 200 s, per root
 * second.
 */
const wanderPerRootSecond = 0.03 / Math.sqrt(200)

/**
 * Accuracy of a version at `nowSeconds`: every test of it, carried there at the estimated drift and
 * weighted by its certainty, which shrinks with the time between. Without any test it is `unknown`.
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
  const { versionLabelledUntilSeconds } = deployed
  const tests = samples.filter(
    (sample) => sample.versionId === deployed.versionId && sample.labelled > 0,
  )
  const all = tests.map((sample) => ({ at: sample.atSeconds, ...accuracyOf(sample) }))
  if (deployed.heldOut !== null && deployed.heldOut.labelled > 0) {
    all.push({ at: versionLabelledUntilSeconds, ...accuracyOf(deployed.heldOut) })
  }
  let precision = unknown.deviation ** -2
  let sum = precision * unknown.mean
  for (const { at, mean, deviation } of all) {
    const since = Math.abs(nowSeconds - at)
    const lost = lostBetween(
      drift,
      Math.max(0, at - versionLabelledUntilSeconds),
      Math.max(0, nowSeconds - versionLabelledUntilSeconds),
    )
    const variance = deviation ** 2 + lost.deviation ** 2 + wanderPerRootSecond ** 2 * since
    precision += 1 / variance
    sum += (mean - lost.mean) / variance
  }
  return { mean: asShare(sum / precision), deviation: Math.sqrt(1 / precision) }
}

/** The same over a horizon: it goes on falling at the estimated drift. */
export function forecastDeployed(
  now: Estimate,
  drift: DriftEstimate,
  span: { readonly horizon: Horizon; readonly versionLabelledUntilSeconds: number },
): OverHorizon {
  const { horizon, versionLabelledUntilSeconds } = span
  const ageAt = (at: number): number => Math.max(0, at - versionLabelledUntilSeconds)
  const startAge = ageAt(horizon.startSeconds)
  return overHorizon(horizon, (at) =>
    asShare(now.mean - lostBetween(drift, startAge, ageAt(at)).mean),
  )
}

/**
 * The best that a version of the tenant was on its own labels, while these were new: what a fresh
 * one may reach. Null when no version was tested.
 */
export function bestFreshAccuracy(
  tests: readonly AccuracySample[],
  drift: DriftEstimate,
  unknown: Estimate,
): Estimate | null {
  const versions = [...new Set(tests.map(({ versionId }) => versionId))].map((versionId) => {
    const samples = tests.filter((test) => test.versionId === versionId && test.labelled > 0)
    const { versionLabelledUntilSeconds } = must(samples[0] ?? tests[0])
    const version = { versionId, versionLabelledUntilSeconds, heldOut: null }
    const nowSeconds = versionLabelledUntilSeconds
    return deployedAccuracyNow(version, samples, { nowSeconds, drift, unknown })
  })
  const known = versions.filter(({ deviation }) => deviation < freshDeviationMax)
  return known.reduce<Estimate | null>(
    (best, own) => (best === null || own.mean > best.mean ? own : best),
    null,
  )
}

/** What was hardly tested would be the best by chance. */
const freshDeviationMax = 0.04
