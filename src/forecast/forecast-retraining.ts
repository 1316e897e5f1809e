import type { RetrainingForecast } from '../core/forecast.ts'
import type { FinishedRetraining, ProbeReading } from '../core/observation.ts'
import { type DriftEstimate, lostBetween } from './drift-estimate.ts'
import { asShare, type Horizon, overHorizon } from './horizon.ts'
import { accuracyOf, type Estimate, fitLearningCurve } from './learning-curve.ts'
import { scaledSeconds } from './retraining-speed.ts'

export type RetrainingForecastInput = {
  readonly configurationId: string
  readonly epochs: number
  /** What the profile says, parallel to the problem's classes. */
  readonly secondsByClass: readonly (number | null)[]
  /** `retrainingSpeed(...)` of this tenant. */
  readonly speed: Estimate
  /** What earlier retrainings of this tenant came to, of any configuration. */
  readonly finished: readonly FinishedRetraining[]
  /** Probes on the labels that this retraining would use; others are left out by their caller. */
  readonly probes: readonly ProbeReading[]
  /** Accuracy of the version it starts from, on those labels. */
  readonly start: Estimate
  /**
   * The best that a version of this tenant was when its labels were new (`bestFreshAccuracy`); left
   * out where that is unknown, which counts as no better than `start`.
   */
  readonly fresh?: Estimate
  readonly drift: DriftEstimate
  /** Where the newest labels lie that it may train on. */
  readonly labelledUntilSeconds: number
  readonly horizon: Horizon
}

/** Between two retrainings of one configuration, beside what their tests err. */
const runDeviation = 0.02
/** A window further back counts this much more spread: the stream was another one. */
const ageDeviationPer200Seconds = 0.01
/** Between configurations: those that are hot or see little data end well below the others. */
const otherDeviation = 0.04
/**
 * Knowing of no retraining at all: it ends this much below the best that a fresh version was, and
 * by this share of what drift has cost since, give or take. Set by the tuning seeds of the
 * scenario suite, whose configurations end 0 to 0.12 below; hardly any ends above.
 */
const unreached = { mean: 0.03, deviation: 0.04 }
const unrecoveredShare = { mean: 0.15, deviation: 0.2 }
/** Two-sided 90 %. */
const intervalFactor = 1.645

/**
 * What one configuration would do: seconds from the profile and what this tenant's retrainings
 * really took; accuracy from probes of its learning curve, shrunk towards what earlier retrainings
 * of it achieved (or of others, or nothing at all, each with less certainty), falling with the
 * drift.
 */
export function forecastRetraining(input: RetrainingForecastInput): RetrainingForecast {
  const { configurationId, horizon, drift, labelledUntilSeconds } = input
  const points = input.probes
    .filter((probe) => probe.configurationId === configurationId)
    .flatMap((probe) => probe.points)
  const prior = { end: priorOf(input), start: input.start }
  const fresh = fitLearningCurve(points, input.epochs, prior)
  const { perSlot, terminal } = overHorizon(horizon, (at) => {
    const lost = lostBetween(drift, 0, Math.max(0, at - labelledUntilSeconds))
    return asShare(fresh.mean - lost.mean)
  })
  return {
    configurationId,
    secondsByClass: scaledSeconds(input.secondsByClass, input.speed.mean),
    accuracyAfter: perSlot,
    accuracyTerminal: terminal,
    accuracyUncertainty: intervalFactor * fresh.deviation,
  }
}

/** What a retraining of this configuration is expected to reach before it is probed. */
function priorOf(input: RetrainingForecastInput): Estimate {
  const { configurationId, finished, start, fresh = start, horizon } = input
  const own = finished.filter((run) => run.configurationId === configurationId)
  const others = finished.filter((run) => run.configurationId !== configurationId)
  const now = horizon.startSeconds
  const cost = costOfDrift(fresh, start.mean)
  const unknown = {
    mean: fresh.mean - unreached.mean - unrecoveredShare.mean * cost,
    deviation: Math.hypot(fresh.deviation, unreached.deviation, unrecoveredShare.deviation * cost),
  }
  const usual = achieved(others, now, { prior: unknown, fresh, cost })
  const wide = { mean: usual.mean, deviation: Math.hypot(usual.deviation, otherDeviation) }
  return achieved(own, now, { prior: others.length > 0 ? wide : unknown, fresh, cost })
}

function costOfDrift(fresh: Estimate, accuracy: number): number {
  return Math.max(0, fresh.mean - accuracy)
}

/**
 * The prior and the runs' tests after training, weighted by their certainty. A run that started
 * from a staler version, or a fresher one, says what this one would reach with more doubt.
 */
function achieved(
  runs: readonly FinishedRetraining[],
  now: number,
  {
    prior,
    fresh,
    cost,
  }: { readonly prior: Estimate; readonly fresh: Estimate; readonly cost: number },
): Estimate {
  let precision = prior.deviation ** -2
  let sum = precision * prior.mean
  for (const run of runs) {
    const { mean, deviation } = accuracyOf(run.after)
    const more = cost - costOfDrift(fresh, accuracyOf(run.before).mean)
    const age = (now - run.finishedSeconds) / 200
    const variance =
      deviation ** 2 +
      runDeviation ** 2 +
      (ageDeviationPer200Seconds * age) ** 2 +
      (unrecoveredShare.deviation * more) ** 2
    precision += 1 / variance
    sum += (mean - unrecoveredShare.mean * more) / variance
  }
  const repeat = runs.length > 0 ? runDeviation : 0
  return { mean: sum / precision, deviation: Math.hypot(Math.sqrt(1 / precision), repeat) }
}
