import type { LabelCount } from '../../core/observation.ts'

/** Labels below which a version is not called worse. */
const labelsMin = 200
/** Two-sided 99 %: it is looked at again and again. */
const deviations = 2.58

/** A version that took another's place, and what both have shown. */
export type Succession = {
  /** The one before, on the labels that the gate judged both by. */
  readonly before: LabelCount
  /** The new one, on answers it gave since. */
  readonly live: LabelCount
}

/**
 * Whether the new version is worse than the one before, beyond chance: the interval of its accuracy
 * lies below that of its predecessor (Wilson's, each).
 */
export function isWorseLive({ before, live }: Succession): boolean {
  if (live.labelled < labelsMin || before.labelled < labelsMin) return false
  return wilson(live).high < wilson(before).low
}

/** Wilson's score interval of a share (E. B. Wilson, 1927). */
export function wilson({ labelled, correct }: LabelCount): {
  readonly low: number
  readonly high: number
} {
  const share = correct / labelled
  const z2 = deviations ** 2 / labelled
  const middle = (share + z2 / 2) / (1 + z2)
  const variance = (share * (1 - share)) / labelled + z2 / (4 * labelled)
  const half = (deviations * Math.sqrt(variance)) / (1 + z2)
  return { low: middle - half, high: middle + half }
}
