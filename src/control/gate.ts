import { assert } from '../base/assert.ts'
import type { VersionMeasurement } from './events.ts'

/**
 * Whether a retrained version replaces the deployed one: only if it got more of the same held-out
 * labels right. With few labels both counts are noisy, so a good version may be refused and a worse
 * one pass: that is a property of the labels, not hidden by a margin.
 */
export function passesGate(measurement: VersionMeasurement): boolean {
  const { labels, correctCandidate, correctDeployed } = measurement
  assert(
    correctCandidate >= 0 && correctCandidate <= labels && correctDeployed <= labels,
    `Of ${labels} labels ${correctCandidate} and ${correctDeployed} cannot be right`,
  )
  return correctCandidate > correctDeployed
}
