import { must } from '../../base/assert.ts'
import type { Site } from '../../core/site.ts'
import type { Prediction } from '../../outlook/prediction.ts'
import type { TrafficLog, TrafficSums } from '../daemon/traffic-log.ts'
import type { LoadReport } from './load-plan.ts'

/** What was measured of one tenant over the windows that count. */
export type MeasuredTenant = {
  readonly tenant: string
  readonly weight: number
  readonly arrived: number
  readonly inTime: number
  readonly late: number
  readonly shed: number
  readonly failed: number
  readonly labelled: number
  readonly correct: number
  readonly goodput: number | null
  /** What the plans made at the windows' starts promised. */
  readonly predictedGoodput: number | null
  /** As its clients saw it: in time and right, of what they sent. */
  readonly clientGoodput: number | null
  /** One entry per window. */
  readonly windows: readonly MeasuredWindow[]
}

export type MeasuredWindow = {
  readonly window: number
  readonly arrived: number
  readonly sloAttainment: number | null
  readonly accuracy: number | null
  readonly goodput: number | null
  readonly predictedGoodput: number | null
}

/** By the router's counts and the labels that came back (product: SLO attainment x accuracy). */
export function measuredTenants(
  site: Site,
  measured: {
    readonly traffic: Pick<TrafficLog, 'sums'>
    readonly predictions: ReadonlyMap<number, readonly Prediction[]>
    readonly load: LoadReport
    /** Windows [from, until). */
    readonly from: number
    readonly until: number
  },
): readonly MeasuredTenant[] {
  const { traffic, predictions, load, from, until } = measured
  const { windowSeconds } = site
  const indexes = Array.from({ length: until - from }, (_, i) => from + i)
  return site.tenants.map(({ id, weight }, tenant) => {
    const sums = traffic.sums(id, from * windowSeconds, until * windowSeconds)
    const promised = indexes.map((window) => predictions.get(window)?.[tenant])
    const windows = indexes.map((window, i): MeasuredWindow => {
      const own = traffic.sums(id, window * windowSeconds, (window + 1) * windowSeconds)
      const predictedGoodput = promised[i]?.goodput ?? null
      return { window, arrived: own.arrived, ...partsOf(own), predictedGoodput }
    })
    const seconds = must(load.tenants[tenant]).slice(from * windowSeconds, until * windowSeconds)
    const { arrived, inTime, late, shed, failed, labelled, correct } = sums
    return {
      ...{ tenant: id, weight, arrived, inTime, late, shed, failed, labelled, correct },
      goodput: partsOf(sums).goodput,
      predictedGoodput: weightedPrediction(promised),
      clientGoodput: clientGoodput(seconds),
      windows,
    }
  })
}

/** Mean over tenants by weight; those without arrivals are left out. */
export function headlineOf(
  tenants: readonly MeasuredTenant[],
  valueOf: (tenant: MeasuredTenant) => number | null,
): number | null {
  let [sum, weights] = [0, 0]
  for (const tenant of tenants) {
    const value = valueOf(tenant)
    if (value === null) continue
    sum += tenant.weight * value
    weights += tenant.weight
  }
  return weights === 0 ? null : sum / weights
}

/** Of the requests whose end fell into that time: counted so, none is in two windows. */
function partsOf(
  sums: TrafficSums,
): Pick<MeasuredWindow, 'sloAttainment' | 'accuracy' | 'goodput'> {
  const ended = sums.inTime + sums.late + sums.shed + sums.failed
  const sloAttainment = ended === 0 ? null : sums.inTime / ended
  const accuracy = sums.labelled === 0 ? null : sums.correct / sums.labelled
  const isKnown = sloAttainment !== null && accuracy !== null
  return { sloAttainment, accuracy, goodput: isKnown ? sloAttainment * accuracy : null }
}

function weightedPrediction(promised: readonly (Prediction | undefined)[]): number | null {
  let [right, arrived] = [0, 0]
  for (const own of promised) {
    if (own === undefined || own.goodput === null) continue
    right += own.goodput * own.arrived
    arrived += own.arrived
  }
  return arrived === 0 ? null : right / arrived
}

function clientGoodput(seconds: LoadReport['tenants'][number]): number | null {
  let [sent, inTime, items, correct] = [0, 0, 0, 0]
  for (const own of seconds) {
    sent += own.sent
    inTime += own.inTime
    items += own.items
    correct += own.correct
  }
  return sent === 0 || items === 0 ? null : (inTime / sent) * (correct / items)
}
