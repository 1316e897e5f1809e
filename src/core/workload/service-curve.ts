import { must } from '../../base/assert.ts'
import { expectedMinimum } from './lognormal.ts'

/** What one set of instances answers in time, against the load offered to it. */
export type ServiceCurve = {
  /** Instances of each class. */
  readonly counts: readonly number[]
  readonly capacityRps: number
  /** Share of the requests answered in time at each load, for Poisson arrivals, in [0, 1]. */
  readonly inTimeShare: readonly number[]
}

/**
 * Answers in time at a load, both over capacity. Between the grid's loads this rate, not the share,
 * is linear: it is the load itself while the queue is calm and constant when it is overloaded, and
 * so exact in both. Beyond the last load it stays.
 */
export function answeredAt(
  loads: readonly number[],
  inTimeShare: readonly number[],
  load: number,
): number {
  const last = loads.length - 1
  if (load <= (loads[0] as number)) return load * (inTimeShare[0] as number)
  if (load >= (loads[last] as number))
    return (loads[last] as number) * (inTimeShare[last] as number)
  let low = 0
  let high = last
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((loads[middle] as number) <= load) low = middle
    else high = middle
  }
  const from = loads[low] as number
  const to = loads[high] as number
  const answeredFrom = from * (inTimeShare[low] as number)
  const answeredTo = to * (inTimeShare[high] as number)
  return answeredFrom + ((load - from) / (to - from)) * (answeredTo - answeredFrom)
}

/**
 * The mean of `answeredAt` over a lognormal load with mean `load` and this variance of its
 * logarithm, in closed form: a piecewise linear function that starts at 0 and ends constant is a
 * sum of minima, one for each bend.
 */
export function answeredUnderSpread(
  loads: readonly number[],
  inTimeShare: readonly number[],
  load: number,
  logVariance: number,
): number {
  const logs = logsOf(loads)
  const spread = { mean: load, logMean: Math.log(load), sigma: Math.sqrt(logVariance) }
  let answered = 0
  let from = 0
  let logFrom = -Infinity
  let answeredFrom = 0
  let slope = 0
  for (let i = 0; i < loads.length; i += 1) {
    const to = loads[i] as number
    if (to === 0) continue
    const answeredTo = to * (inTimeShare[i] as number)
    const next = (answeredTo - answeredFrom) / (to - from)
    const bend = slope - next
    if (from > 0 && Math.abs(bend) > 1e-9) answered += bend * expectedMinimum(spread, from, logFrom)
    from = to
    logFrom = logs[i] as number
    answeredFrom = answeredTo
    slope = next
  }
  return answered + slope * expectedMinimum(spread, from, logFrom)
}

const logsKnown = new WeakMap<readonly number[], Float64Array>()

/** Logarithms of a grid, taken once: a planner asks for the same grid a million times. */
function logsOf(loads: readonly number[]): Float64Array {
  const known = logsKnown.get(loads)
  if (known !== undefined) return known
  const logs = Float64Array.from(loads, Math.log)
  logsKnown.set(loads, logs)
  return logs
}

/**
 * The curve of a pool that holds `base` and more (several GPUs): the curve of `base`, with the
 * queueing losses of a pool m times its capacity. Poisson fluctuations and
 * the answers lost to them grow with the square root of a pool (Halfin and Whitt 1981; with
 * requests that give up, Garnett, Mandelbaum and Reiman 2002): what is lost beyond the fluid limit,
 * over capacity, is 1 / sqrt(m) of that of one m-th of the pool at a load sqrt(m) times as far
 * from saturation.
 */
export function pooledCurve(
  loads: readonly number[],
  base: ServiceCurve,
  pool: { readonly counts: readonly number[]; readonly capacityRps: number },
): ServiceCurve {
  const last = loads.length - 1
  const saturated = must(loads[last]) * must(base.inTimeShare[last])
  const fluid = (load: number) => Math.min(load, saturated)
  const root = Math.sqrt(pool.capacityRps / base.capacityRps)
  const inTimeShare = loads.map((load, i) => {
    if (load === 0) return must(base.inTimeShare[i])
    const alike = saturated + (load - saturated) * root
    if (alike <= 0) return fluid(load) / load
    const lost = fluid(alike) - answeredAt(loads, base.inTimeShare, alike)
    return Math.max(0, fluid(load) - Math.max(0, lost) / root) / load
  })
  return { ...pool, inTimeShare }
}
