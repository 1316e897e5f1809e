import { assert, must } from '../../base/assert.ts'

/**
 * Accuracy of a model on a drifting stream, as measured by running the learner of `src/learning`
 * many times (scripts/make-accuracy-tables.mjs). "Drift" is the distance the concept has moved (for
 * the rotating hyperplane: radians), so a table does not know about seconds.
 */
export type AccuracyTable = {
  readonly id: string
  readonly source: string
  /** What it was measured with, by name: stream, model, repetitions; empty if unknown. */
  readonly parameters: Readonly<Record<string, number | string>>
  /** Drift between a version's labels and the moment it is judged; ascending, from 0. */
  readonly driftGrid: readonly number[]
  /** Drift between the starting version's labels and the new labels, when training starts. */
  readonly stalenessGrid: readonly number[]
  /** [drift]: mean accuracy of the starting version, trained on plenty of labels before the run. */
  readonly initialAccuracy: readonly number[]
  readonly configurations: readonly MeasuredConfiguration[]
}

export type MeasuredConfiguration = {
  readonly id: string
  readonly epochs: number
  /** Labelled samples it trains on in each epoch; epochs x samples is its work. */
  readonly samplesPerEpoch: number
  /** [staleness][drift]: mean accuracy after the whole training. */
  readonly accuracy: readonly (readonly number[])[]
  /** Standard deviation over repeated trainings, of the accuracy right after training. */
  readonly accuracySpread: number
  /** [staleness][epoch 0..epochs]: mean accuracy at drift 0 while training. */
  readonly learningCurve: readonly (readonly number[])[]
}

/** How a tenant's stream drifts: steadily, and in sudden shifts. */
export type Drift = {
  readonly distancePerSecond: number
  readonly shifts: readonly { readonly atSeconds: number; readonly distance: number }[]
}

/** The configuration with that id; an unknown id is a bug, user input is checked by `config`. */
export function measuredConfiguration(
  table: AccuracyTable,
  configurationId: string,
): MeasuredConfiguration {
  const found = table.configurations.find(({ id }) => id === configurationId)
  assert(found !== undefined, `Accuracy table ${table.id} has no configuration ${configurationId}`)
  return found
}

/**
 * Expected accuracy, in [0, 1], of the version that the configuration makes out of a version whose
 * labels were `staleness` behind, judged when the concept is `drift` past the new labels. Bilinear
 * between the measured points; beyond the grids the last point holds.
 */
export function accuracyAt(
  table: AccuracyTable,
  configurationId: string,
  staleness: number,
  drift: number,
): number {
  const { accuracy } = measuredConfiguration(table, configurationId)
  const { low, share } = locate(table.stalenessGrid, staleness)
  const fresher = interpolate(table.driftGrid, must(accuracy[low]), drift)
  if (share === 0) return fresher
  const staler = interpolate(table.driftGrid, must(accuracy[low + 1]), drift)
  return fresher + (staler - fresher) * share
}

/** Expected accuracy of the starting version when the concept is `drift` past its labels. */
export function initialAccuracyAt(table: AccuracyTable, drift: number): number {
  return interpolate(table.driftGrid, table.initialAccuracy, drift)
}

/**
 * Expected accuracy on the new labels' concept before training and after each epoch, epochs + 1
 * values, starting from a version whose labels are `staleness` behind.
 */
export function learningCurveAt(
  table: AccuracyTable,
  configurationId: string,
  staleness: number,
): readonly number[] {
  const { learningCurve } = measuredConfiguration(table, configurationId)
  const { low, share } = locate(table.stalenessGrid, staleness)
  const fresher = must(learningCurve[low])
  if (share === 0) return fresher
  const staler = must(learningCurve[low + 1])
  return fresher.map((accuracy, epoch) => accuracy + (must(staler[epoch]) - accuracy) * share)
}

function interpolate(grid: readonly number[], values: readonly number[], at: number): number {
  const { low, share } = locate(grid, at)
  const value = must(values[low])
  return share === 0 ? value : value + (must(values[low + 1]) - value) * share
}

/** The grid point at or below `at`, and how far `at` is towards the next, in [0, 1). */
function locate(grid: readonly number[], at: number): { low: number; share: number } {
  assert(at >= 0, `A distance on the drift axis is not negative: ${at}`)
  const last = grid.length - 1
  if (at >= must(grid[last])) return { low: last, share: 0 }
  let low = 0
  while (must(grid[low + 1]) <= at) low += 1
  const from = must(grid[low])
  return { low, share: (at - from) / (must(grid[low + 1]) - from) }
}
