import { assert, must } from '../../base/assert.ts'

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
}

export type ServiceCurve = {
  /** Instances of each class. */
  readonly counts: readonly number[]
  readonly capacityRps: number
  /** Share of the requests answered in time at each load, for Poisson arrivals, in [0, 1]. */
  readonly inTimeShare: readonly number[]
}

/** Nodes and weights of a 7-point equal-probability rule: midpoints of the quantile septiles. */
const septileNormals = [-1.4652, -0.7916, -0.3661, 0, 0.3661, 0.7916, 1.4652]

/**
 * Expected requests answered in time per second by the instances `counts`, when `meanRps` arrive on
 * average and the per-second counts have variance/mean `dispersion` (1 = Poisson).
 * Over-dispersion is a mixture of Poisson rates (a lognormal rate with variance mean x (d - 1)).
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
  if (meanRps <= 0 || curve === null) return 0
  const relativeVariance = Math.max(0, dispersion - 1) / meanRps
  if (relativeVariance < 1e-4) return meanRps * shareAt(table, curve, meanRps)
  const sigma = Math.sqrt(Math.log1p(relativeVariance))
  let weight = 0
  let answered = 0
  for (const z of septileNormals) {
    const rate = Math.exp(sigma * z)
    weight += rate
    answered += rate * shareAt(table, curve, rate * meanRps)
  }
  return (meanRps * answered) / weight
}

/** The curve of exactly these counts, or null for an empty set. */
export function curveFor(table: ServiceTable, counts: readonly number[]): ServiceCurve | null {
  assert(counts.length === table.classCount, 'Counts and table disagree on the number of classes')
  if (counts.every((count) => count === 0)) return null
  const exact = table.sets.find((set) => set.counts.every((count, k) => count === counts[k]))
  return exact ?? scaledCurve(table, counts)
}

/**
 * A set that the table does not hold (several GPUs): its capacity is the sum over its classes, its
 * curve that of the largest tabled set inside it. More servers queue less, so this errs low.
 */
function scaledCurve(table: ServiceTable, counts: readonly number[]): ServiceCurve | null {
  let capacityRps = 0
  for (const [k, count] of counts.entries()) {
    const single = table.sets.find((set) => set.counts.every((n, j) => n === (j === k ? 1 : 0)))
    capacityRps += count * (single?.capacityRps ?? 0)
  }
  const inside = table.sets.filter((set) => set.counts.every((n, k) => n <= must(counts[k])))
  inside.sort((a, b) => b.capacityRps - a.capacityRps)
  const largest = inside[0]
  if (largest === undefined || capacityRps <= 0) return null
  return { counts, capacityRps, inTimeShare: largest.inTimeShare }
}

/** Linear in load between the grid's points; beyond the last one the answered rate stays constant. */
function shareAt(table: ServiceTable, curve: ServiceCurve, rateRps: number): number {
  if (curve.capacityRps <= 0) return 0
  const load = rateRps / curve.capacityRps
  const { loads } = table
  const last = loads.length - 1
  if (load <= must(loads[0])) return must(curve.inTimeShare[0])
  if (load >= must(loads[last])) return (must(curve.inTimeShare[last]) * must(loads[last])) / load
  let low = 0
  let high = last
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (must(loads[middle]) <= load) low = middle
    else high = middle
  }
  const a = must(loads[low])
  const share = (load - a) / (must(loads[high]) - a)
  return must(curve.inTimeShare[low]) * (1 - share) + must(curve.inTimeShare[high]) * share
}
