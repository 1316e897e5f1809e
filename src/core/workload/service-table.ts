import { assert, must } from '../../base/assert.ts'
import { answeredAt, answeredUnderSpread, pooledCurve, type ServiceCurve } from './service-curve.ts'

export type { ServiceCurve } from './service-curve.ts'

/**
 * What a queue really answers in time, for one tenant: for each set of instances (a count per
 * instance class) the share of requests answered within the SLO against the offered load, made by
 * running the product's own data plane (simulator/service-table.ts). `loads` is ascending: offered
 * items per second over the set's summed capacity; each curve has as many entries.
 */
export type ServiceTable = {
  readonly classCount: number
  readonly loads: readonly number[]
  readonly sets: readonly ServiceCurve[]
  /** Variance over mean of the counts it was measured with; absent = 1, Poisson. */
  readonly dispersion?: number
}

/** Below this relative variance of the rate a mixture cannot be told from its mean. */
const relativeVarianceMin = 1e-4

/**
 * Expected requests answered in time per second by the instances `counts`, when `meanRps` arrive on
 * average and the per-second counts have variance/mean `dispersion` (1 = Poisson).
 * Dispersion beyond the table's own is a mixture of rates: a lognormal rate with variance
 * mean x (d - d of the table). That is exact for rates that last a second, and too hopeful for
 * requests that come in clumps within it: those belong into the table (`gapCv` of its making).
 */
export function inTimeRps(
  table: ServiceTable,
  counts: readonly number[],
  meanRps: number,
  dispersion: number,
): number {
  return inTimeRpsOf(table, curveFor(table, counts), meanRps, dispersion)
}

/** The same for a curve that `curveFor` gave, so that many rates share one look-up. */
export function inTimeRpsOf(
  table: ServiceTable,
  curve: ServiceCurve | null,
  meanRps: number,
  dispersion: number,
): number {
  if (meanRps <= 0 || curve === null || curve.capacityRps <= 0) return 0
  const { capacityRps, inTimeShare } = curve
  const load = meanRps / capacityRps
  const relativeVariance = Math.max(0, dispersion - (table.dispersion ?? 1)) / meanRps
  if (relativeVariance < relativeVarianceMin) {
    return capacityRps * answeredAt(table.loads, inTimeShare, load)
  }
  const logVariance = Math.log1p(relativeVariance)
  return capacityRps * answeredUnderSpread(table.loads, inTimeShare, load, logVariance)
}

/** What look-ups in one table share. Built at its first use, forgotten with it. */
type TableIndex = {
  /** Curves by `hashOf` their counts; tabled ones, and pooled ones once they were asked for. */
  readonly byHash: Map<number, ServiceCurve>
  /** The same by the counts as text, for what shares its hash with another, and for null. */
  readonly byText: Map<string, ServiceCurve | null>
  /** Capacity of one instance of each class; 0 where the tenant cannot serve. */
  readonly capacityRps: readonly number[]
}

const indices = new WeakMap<ServiceTable, TableIndex>()

/** The curve of these counts: the tabled one, or one pooled from it; null when nothing serves. */
export function curveFor(table: ServiceTable, counts: readonly number[]): ServiceCurve | null {
  const index = indexOf(table)
  const curve = index.byHash.get(hashOf(counts))
  if (curve !== undefined && isSame(curve.counts, counts)) return curve
  const text = counts.join()
  const known = index.byText.get(text)
  if (known !== undefined) return known
  const pooled = pooledFor(table, counts)
  index.byText.set(text, pooled)
  if (pooled !== null && curve === undefined) index.byHash.set(hashOf(counts), pooled)
  return pooled
}

/** No two sets of up to ten classes and 36 instances of each share it. */
function hashOf(counts: readonly number[]): number {
  let hash = 0
  for (let k = 0; k < counts.length; k += 1) hash = hash * 37 + (counts[k] as number)
  return hash
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  for (let k = 0; k < a.length; k += 1) if (a[k] !== b[k]) return false
  return a.length === b.length
}

function pooledFor(table: ServiceTable, counts: readonly number[]): ServiceCurve | null {
  assert(counts.length === table.classCount, 'Counts and table disagree on the number of classes')
  const base = largestInside(table, counts)
  if (base === null) return null
  const { capacityRps } = indexOf(table)
  const pool = {
    counts: [...counts],
    capacityRps: counts.reduce((sum, count, k) => sum + count * must(capacityRps[k]), 0),
  }
  return pooledCurve(table.loads, base, pool)
}

/** The tabled set with the most capacity that these instances contain; the first of equals. */
function largestInside(table: ServiceTable, counts: readonly number[]): ServiceCurve | null {
  let largest: ServiceCurve | null = null
  for (const set of table.sets) {
    const isInside = set.counts.every((count, k) => count <= must(counts[k]))
    if (isInside && set.capacityRps > (largest?.capacityRps ?? 0)) largest = set
  }
  return largest
}

function indexOf(table: ServiceTable): TableIndex {
  const known = indices.get(table)
  if (known !== undefined) return known
  const capacityRps = new Array<number>(table.classCount).fill(0)
  for (const { counts, capacityRps: capacity } of table.sets) {
    assert(counts.length === table.classCount, 'A set and its table disagree on the classes')
    const k = counts.findIndex((count) => count > 0)
    if (counts.reduce((sum, count) => sum + count, 0) === 1) capacityRps[k] = capacity
  }
  const index = { byHash: new Map(), byText: new Map(), capacityRps }
  for (const curve of table.sets) {
    index.byHash.set(hashOf(curve.counts), curve)
    index.byText.set(curve.counts.join(), curve)
  }
  indices.set(table, index)
  return index
}
