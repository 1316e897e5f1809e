import { must } from '../../base/assert.ts'
import { type AccuracyTable, accuracyAt, initialAccuracyAt } from './accuracy-table.ts'

/**
 * What the accuracy of a model version depends on. Positions are distances of the concept on one
 * axis, as `driftAt` gives them; t = 0 is position 0, labels of an initial version lie before it.
 */
export type ModelVersion =
  | { readonly kind: 'initial'; readonly labelsAt: number }
  | {
      readonly kind: 'retrained'
      readonly configurationId: string
      /** Where the concept was when its newest labels were taken. */
      readonly labelsAt: number
      /** How stale the version it started from was, on the table's axis, when training began. */
      readonly staleness: number
    }

/** Expected accuracy of a version when the concept is at `position`, never before its labels. */
export function versionAccuracyAt(
  table: AccuracyTable,
  version: ModelVersion,
  position: number,
): number {
  const drift = Math.max(0, position - version.labelsAt)
  return version.kind === 'initial'
    ? initialAccuracyAt(table, drift)
    : accuracyAt(table, version.configurationId, version.staleness, drift)
}

/**
 * How stale a version is as a start for retraining on labels taken at `position`: the drift since
 * its own labels, and its lag. A table starts every training from a version trained on plenty of
 * labels; one that its configuration left behind is no such version, but is about as good a start
 * as one whose labels are older. That lag is the drift at which the initial version has the
 * accuracy that this one had right after training. (Without it, chains of short retrainings look
 * better than they are; a test of `src/learning` holds chains against real ones.)
 */
export function stalenessAt(table: AccuracyTable, version: ModelVersion, position: number): number {
  const drift = Math.max(0, position - version.labelsAt)
  if (version.kind === 'initial') return drift
  const fresh = accuracyAt(table, version.configurationId, version.staleness, 0)
  return drift + initialDriftWith(table, fresh)
}

/** The version that retraining on labels taken at position `labelsAt` makes out of `from`. */
export function retrainedVersion(
  table: AccuracyTable,
  from: ModelVersion,
  { configurationId, labelsAt }: { readonly configurationId: string; readonly labelsAt: number },
): ModelVersion {
  const staleness = stalenessAt(table, from, labelsAt)
  return { kind: 'retrained', configurationId, labelsAt, staleness }
}

/**
 * The least drift at which the initial version is no better than `accuracy`; the grid's end if
 * none.
 */
function initialDriftWith(table: AccuracyTable, accuracy: number): number {
  const { driftGrid, initialAccuracy } = table
  const found = initialAccuracy.findIndex((value) => value <= accuracy)
  if (found === 0) return 0
  if (found === -1) return must(driftGrid.at(-1))
  const before = must(initialAccuracy[found - 1])
  const share = (before - accuracy) / (before - must(initialAccuracy[found]))
  const from = must(driftGrid[found - 1])
  return from + (must(driftGrid[found]) - from) * share
}
