import type { RetrainingForecast } from '../core/forecast.ts'
import type { FinishedRetraining, ProbeReading } from '../core/observation.ts'
import type { DriftEstimate } from './drift-estimate.ts'
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
   * Accuracy that version had when its own labels were new, what a fresh one can reach; left out
   * where it is unknown, which counts as no better than `start`.
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
/** Knowing nothing of a configuration: as good as other retrainings of the tenant, give or take. */
const otherDeviation = 0.08
/**
 * Knowing of no retraining at all: this share of what drift has cost is won back, give or take. On
 * our synthetic streams the configurations of `learning/studies.ts` win back 0.2 to 0.95 of it.
 */
const recoveredShare = 0.6
const unknownDeviation = 0.12
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
  const { perSlot, terminal } = overHorizon(horizon, (at) =>
    asShare(fresh.mean - drift.mean * Math.max(0, at - labelledUntilSeconds)),
  )
  return {
    configurationId,
    secondsByClass: scaledSeconds(input.secondsByClass, input.speed.mean),
    accuracyAfter: perSlot,
    accuracyTerminal: terminal,
    accuracyUncertainty: intervalFactor * fresh.deviation,
  }
}

/** What a retraining of this configuration is expected to reach before it is probed. */
function priorOf({
  configurationId,
  finished,
  start,
  fresh = start,
  horizon,
}: RetrainingForecastInput): Estimate {
  const own = finished.filter((run) => run.configurationId === configurationId)
  const others = finished.filter((run) => run.configurationId !== configurationId)
  const unknown = {
    mean: start.mean + recoveredShare * Math.max(0, fresh.mean - start.mean),
    deviation: Math.hypot(start.deviation, recoveredShare * fresh.deviation, unknownDeviation),
  }
  const now = horizon.startSeconds
  const usual = achieved(others, now, unknown)
  const wide = { mean: usual.mean, deviation: Math.hypot(usual.deviation, otherDeviation) }
  return achieved(own, now, others.length > 0 ? wide : unknown)
}

/** The prior and the runs' tests after training, weighted by their certainty. */
function achieved(runs: readonly FinishedRetraining[], now: number, prior: Estimate): Estimate {
  let precision = prior.deviation ** -2
  let sum = precision * prior.mean
  for (const run of runs) {
    const { mean, deviation } = accuracyOf(run.after)
    const age = (now - run.finishedSeconds) / 200
    const variance = deviation ** 2 + runDeviation ** 2 + (ageDeviationPer200Seconds * age) ** 2
    precision += 1 / variance
    sum += mean / variance
  }
  const repeat = runs.length > 0 ? runDeviation : 0
  return { mean: sum / precision, deviation: Math.hypot(Math.sqrt(1 / precision), repeat) }
}
