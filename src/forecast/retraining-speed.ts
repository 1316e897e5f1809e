import { must } from '../base/assert.ts'
import type { Estimate } from './learning-curve.ts'

/** How long something took against how long its profile said. */
export type SpeedReading = { readonly expectedSeconds: number; readonly seconds: number }

/** Profiles are believed to about this, and one run repeats to about that (relative). */
const profileDeviation = 0.1
const runDeviation = 0.05

/**
 * The factor by which this tenant's retraining takes longer than its profile says: the mean of the
 * readings' logarithms, shrunk towards 1 as far as the profile is trusted.
 */
export function retrainingSpeed(readings: readonly SpeedReading[]): Estimate {
  let precision = profileDeviation ** -2
  let sum = 0
  for (const { expectedSeconds, seconds } of readings) {
    if (expectedSeconds <= 0 || seconds <= 0) continue
    precision += runDeviation ** -2
    sum += Math.log(seconds / expectedSeconds) / runDeviation ** 2
  }
  const mean = Math.exp(sum / precision)
  return { mean, deviation: mean * Math.sqrt(1 / precision) }
}

/** The profile's seconds times the factor; what cannot run stays null. */
export function scaledSeconds(
  secondsByClass: readonly (number | null)[],
  factor: number,
): readonly (number | null)[] {
  return secondsByClass.map((seconds) => (seconds === null ? null : seconds * factor))
}

/** Readings of work that ran on classes whose profile is known. */
export function speedReadings(
  runs: readonly { readonly classIndex: number; readonly seconds: number }[],
  expectedByClass: readonly (number | null)[],
): readonly SpeedReading[] {
  return runs
    .map(({ classIndex, seconds }) => ({
      expectedSeconds: must(expectedByClass[classIndex] ?? 0),
      seconds,
    }))
    .filter(({ expectedSeconds }) => expectedSeconds > 0)
}
