import {
  type AccuracyTable,
  accuracyAt,
  type Drift,
  initialAccuracyAt,
  measuredConfiguration,
} from '../learning/accuracy-table.ts'
import { driftAt } from '../learning/drift.ts'

export type BoundConfiguration = {
  readonly id: string
  /** The whole work on the instance class where it is truly fastest, nothing else counted. */
  readonly secondsMin: number
}

/**
 * The best accuracy that any retraining schedule can reach in each second of a run: of the version
 * it starts with, or of any configuration on the labels of any window's start so far, from any
 * staleness, as soon as it can be done. `luckMax` is how well a training can turn out, in the
 * deviations that the table gives.
 */
export function bestAccuracy(tenant: {
  readonly table: AccuracyTable
  readonly configurations: readonly BoundConfiguration[]
  readonly drift: Drift
  readonly initialStaleness: number
  readonly windowSeconds: number
  readonly durationSeconds: number
  readonly luckMax: number
}): Float64Array {
  const { table, configurations, drift, initialStaleness, windowSeconds, luckMax } = tenant
  const best = new Float64Array(tenant.durationSeconds)
  for (let second = 0; second < best.length; second += 1) {
    const position = driftAt(drift, second + 0.5)
    let most = initialAccuracyAt(table, position + initialStaleness)
    for (const { id, secondsMin } of configurations) {
      const luck = luckMax * measuredConfiguration(table, id).accuracySpread
      for (let labels = 0; labels + secondsMin <= second + 1; labels += windowSeconds) {
        const distance = position - driftAt(drift, labels)
        most = Math.max(most, bestOverStaleness(table, id, distance) + luck)
      }
    }
    best[second] = Math.min(1, most)
  }
  return best
}

/** A bilinear table has its extremes at its points. */
function bestOverStaleness(table: AccuracyTable, id: string, distance: number): number {
  const all = table.stalenessGrid.map((staleness) => accuracyAt(table, id, staleness, distance))
  return Math.max(...all)
}
