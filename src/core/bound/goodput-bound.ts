import { must } from '../../base/assert.ts'
import type { Site } from '../site.ts'
import { bestThroughput } from './best-throughput.ts'
import { gpuSupply } from './gpu-supply.ts'
import { type BoundTenant, pricedBound } from './priced-bound.ts'

/** What is true of a run, whatever policy runs it; arrays by tenant. */
export type BoundTruth = {
  /** The site under the mechanism that is bounded (`siteUnder`). */
  readonly site: Site
  /** By class: true execution time over the figures'. */
  readonly serviceScale: readonly (readonly number[])[]
  /** How items spread over requests: (items, share) pairs. */
  readonly items: readonly BoundTenant['items'][]
  /** Requests that arrived in each second of the run. */
  readonly arrived: readonly ArrayLike<number>[]
  /** The best accuracy in each second (best-accuracy.ts). */
  readonly accuracyMax: readonly ArrayLike<number>[]
}

/** Batches draw their times; this much shorter than true on average no run's are. */
const luckOfBatches = 0.01

/**
 * More Goodput (the headline: weighted mean over tenants with arrivals) than any policy can reach
 * by this mechanism in this run: a relaxation, not a plan. Instances give the best throughput of
 * any batch whose execution alone fits into the SLO, and no time is lost to queues, batching or
 * changes; a request may be worked on from the second it arrives in until its deadline; every
 * answer has the best accuracy that any retraining schedule can reach by then.
 */
export function goodputBound(truth: BoundTruth): number {
  const { site, serviceScale, items, arrived, accuracyMax } = truth
  const totals = arrived.map((own) => sumOf(own))
  const weights = site.tenants.map(({ weight }, w) => (must(totals[w]) > 0 ? weight : 0))
  const weightOfAll = weights.reduce((sum, weight) => sum + weight, 0)
  if (weightOfAll === 0) return 0
  const throughputs = site.tenants.map(({ figures, sloSeconds }, w) =>
    figures.map((points, k) => {
      if (points === null) return 0
      const scale = must(serviceScale[w]?.[k]) * (1 - luckOfBatches)
      return bestThroughput(points, { sloSeconds, scale })
    }),
  )
  const tenants = site.tenants.map(({ sloSeconds }, w) => {
    const spillSeconds = Math.ceil(sloSeconds)
    const total = must(totals[w])
    const each = total > 0 ? must(weights[w]) / weightOfAll / total : 0
    const best = bestUntil(must(accuracyMax[w]), spillSeconds)
    const values = best.map((own) => own * each)
    return { arrivals: must(arrived[w]), values, items: must(items[w]), spillSeconds }
  })
  return pricedBound(tenants, gpuSupply(site, throughputs))
}

/** The best of each second and those in which its requests may still be answered. */
function bestUntil(accuracy: ArrayLike<number>, spillSeconds: number): Float64Array {
  return Float64Array.from({ length: accuracy.length }, (_, second) => {
    let best = 0
    for (let at = second; at <= second + spillSeconds && at < accuracy.length; at += 1) {
      best = Math.max(best, accuracy[at] as number)
    }
    return best
  })
}

function sumOf(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i += 1) sum += values[i] as number
  return sum
}
