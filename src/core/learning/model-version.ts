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
      /** Drift between the labels of the version it started from and its own. */
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

/** The version that retraining on labels taken at position `labelsAt` makes out of `from`. */
export function retrainedVersion(
  from: ModelVersion,
  configurationId: string,
  labelsAt: number,
): ModelVersion {
  const staleness = Math.max(0, labelsAt - from.labelsAt)
  return { kind: 'retrained', configurationId, labelsAt, staleness }
}
