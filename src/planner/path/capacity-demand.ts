import { expectedMinimum, normalCdf } from '../../core/workload/lognormal.ts'
import type { ServiceTable } from '../../core/workload/service-table.ts'
import type { WindowModel } from './window-model.ts'
import type { WindowTenant } from './window-tenant.ts'

/**
 * What a tenant can have answered in time at most with so much capacity, whatever instances make it
 * up: `pointCount` points of a concave polyline for each slot, the first one at nothing.
 */
export type CapacityDemand = {
  readonly tenant: WindowTenant
  /** Requests per second of one instance of each class of the problem; 0 where it cannot serve. */
  readonly capacityRps: readonly number[]
  readonly capacities: Float64Array
  readonly answers: Float64Array
}

/** Where the curve is touched, in deviations of the logarithm of the rate. */
const touches = [-3, -2, -1.25, -0.6, 0, 0.6, 1.25, 2, 3] as const

/** Nothing, where each two neighbouring tangents meet, and the last. */
export const pointCount = touches.length + 2

/**
 * Queues only lose: of a rate that is lognormal with mean `meanRps`, instances of capacity C answer
 * no more than E[min(rate, saturation x C)], which is concave in C, so that its tangents bound it.
 */
export function capacityDemandOf(model: WindowModel, tenant: WindowTenant): CapacityDemand {
  const { slotCount, problem } = model
  const { service, arrivals } = tenant.tenant
  const capacities = new Float64Array(slotCount * pointCount)
  const answers = new Float64Array(slotCount * pointCount)
  const saturation = saturationOf(service)
  const capacityRps = problem.classes.map((_, k) => (tenant.canServe[k] ? aloneRps(service, k) : 0))
  for (let t = 0; t < slotCount; t += 1) {
    const meanRps = arrivals.meanRps[t] as number
    const excess = Math.max(0, arrivals.dispersion - (service.dispersion ?? 1))
    const sigma = meanRps > 0 ? Math.sqrt(Math.log1p(excess / meanRps)) : 0
    const points = pointsOf(meanRps, sigma, saturation)
    const most = mostAtStart(model, tenant, capacityRps, t)
    for (const [j, { capacity, answered }] of cut(points, most).entries()) {
      capacities[t * pointCount + j] = capacity
      answers[t * pointCount + j] = problem.slotSeconds * answered
    }
  }
  return { tenant, capacityRps, capacities, answers }
}

type Point = { readonly capacity: number; readonly answered: number }

function pointsOf(meanRps: number, sigma: number, saturation: number): readonly Point[] {
  const full = { capacity: meanRps / saturation, answered: meanRps }
  const nothing = { capacity: 0, answered: 0 }
  if (meanRps <= 0 || sigma < 1e-4) return [nothing, ...Array(pointCount - 1).fill(full)]
  const rate = { mean: meanRps, logMean: Math.log(meanRps), sigma }
  const tangents = touches.map((z) => {
    const limit = meanRps * Math.exp(sigma * z)
    const slope = saturation * (1 - normalCdf(z + sigma / 2))
    const answered = expectedMinimum(rate, limit, Math.log(limit))
    return { slope, at: answered - (slope * limit) / saturation }
  })
  const lines = [{ slope: saturation, at: 0 }, ...tangents, { slope: 0, at: meanRps }]
  const points: Point[] = [nothing]
  for (let j = 0; j + 1 < lines.length; j += 1) {
    const [a, b] = [lines[j], lines[j + 1]] as [(typeof lines)[0], (typeof lines)[0]]
    const capacity = (b.at - a.at) / Math.max(a.slope - b.slope, 1e-12)
    points.push({ capacity, answered: a.at + a.slope * capacity })
  }
  return points
}

/** The polyline up to a capacity. */
function cut(points: readonly Point[], most: number): readonly Point[] {
  return points.map((point, j) => {
    if (point.capacity <= most) return point
    const before = points.slice(0, j).findLast(({ capacity }) => capacity <= most)
    const after = points.find(({ capacity }) => capacity > most)
    if (before === undefined || after === undefined) return point
    const share = (most - before.capacity) / (after.capacity - before.capacity)
    return {
      capacity: most,
      answered: before.answered + share * (after.answered - before.answered),
    }
  })
}

/** Before anything can have warmed up, only what runs already serves. */
function mostAtStart(
  { gpus }: WindowModel,
  { index, warmUpSlots }: WindowTenant,
  capacityRps: readonly number[],
  t: number,
): number {
  if (t >= warmUpSlots || gpus.some(({ start }) => start.isFree)) return Number.POSITIVE_INFINITY
  let most = 0
  for (const { space, start } of gpus) {
    for (const { tenant, place, readySlot } of start.workers) {
      const k = space.classes[space.places[place]?.kind ?? 0] as number
      if (tenant === index && readySlot <= t) most += capacityRps[k] as number
    }
  }
  return most
}

/** Answers over capacity where most is answered; at least 1. */
function saturationOf({ loads, sets }: ServiceTable): number {
  const answered = sets.flatMap(({ inTimeShare }) =>
    inTimeShare.map((share, i) => share * (loads[i] ?? 0)),
  )
  return Math.max(1, ...answered)
}

function aloneRps({ sets }: ServiceTable, k: number): number {
  const alone = sets.find(({ counts }) => counts.every((count, i) => count === (i === k ? 1 : 0)))
  return alone?.capacityRps ?? 0
}
