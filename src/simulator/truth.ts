import { drawCounts } from '../arrivals/draw-counts.ts'
import { drawSeries } from '../arrivals/draw-series.ts'
import { must } from '../base/assert.ts'
import { Rng } from '../base/rng.ts'
import type { ItemsCount } from '../core/plan/problem.ts'
import type { Simulation, Site } from '../core/site.ts'
import type { ArrivalSeries } from '../core/workload/arrival-series.ts'

/** What is true of one tenant and no policy is told. */
export type TenantTruth = {
  readonly arrivals: ArrivalSeries
  /** Requests in each second before t = 0, which forecasters may read. */
  readonly historyCounts: Float64Array
  /** Of some requests before t = 0, how many had so many items; null where all are alike. */
  readonly historyItems: readonly ItemsCount[] | null
  /** Per instance class: true execution time of a batch over the profile's. */
  readonly serviceScale: readonly number[]
  /** Per instance class: true seconds of a retraining over the profile's. */
  readonly retrainingScale: readonly number[]
}

/** How long something takes, drawn anew each time round what the profile says. */
export type TrueDurations = {
  readonly operation: (gpu: number, profileSeconds: number) => number
  readonly worker: (tenant: number, profileSeconds: number) => number
}

export type Truth = {
  readonly tenants: readonly TenantTruth[]
  readonly durations: TrueDurations
  /** For what else is drawn in the run: labels, versions, requests. */
  readonly rng: Rng
}

/**
 * The world of one seed: the same for every policy, because what is drawn depends on the seed and
 * on names only, and what is drawn again and again (durations) on how many came before.
 */
export function drawTruth(site: Site, seed: number): Truth {
  const simulation = must(site.simulation, `${site.name} has no simulation`)
  const rng = new Rng(seed, 'truth')
  const { truthSpread } = simulation
  return {
    tenants: site.tenants.map(({ id }, index) =>
      drawTenant({ site, simulation, index, seed, rng: rng.split(`tenant/${id}`) }),
    ),
    durations: drawDurations(site, truthSpread, rng.split('durations')),
    rng,
  }
}

/** A factor with mean 1 and coefficient of variation `spread`: lognormal, so never negative. */
export function factorAround(rng: Rng, spread: number): number {
  if (spread === 0) return 1
  const variance = Math.log1p(spread ** 2)
  return Math.exp(Math.sqrt(variance) * rng.normal() - variance / 2)
}

function drawTenant(options: {
  readonly site: Site
  readonly simulation: Simulation
  readonly index: number
  readonly seed: number
  readonly rng: Rng
}): TenantTruth {
  const { site, simulation, index, seed, rng } = options
  const { id } = must(site.tenants[index])
  const { truthSpread } = simulation
  const arrivals = drawSeries(must(simulation.tenants[index]).arrivals, id, seed)
  const history = { from: 0, until: arrivals.historySeconds }
  const historyCounts = drawCounts(arrivals, history, rng.split('history'))
  const scalesOf = (name: string): readonly number[] =>
    site.classes.map(({ gpuModelId, profileId }) =>
      factorAround(rng.split(`${name}/${gpuModelId}/${profileId}`), truthSpread),
    )
  return {
    arrivals,
    historyCounts,
    historyItems: drawItems(arrivals, sumOf(historyCounts), rng.split('history-items')),
    serviceScale: scalesOf('service'),
    retrainingScale: scalesOf('retraining'),
  }
}

/** Of the requests before the run whose items are counted, at most. */
const countedMax = 1000

/** The items of the last requests of the history, as somebody who counted them would know. */
function drawItems(
  { items }: ArrivalSeries,
  requests: number,
  rng: Rng,
): readonly ItemsCount[] | null {
  const drawn = Math.min(countedMax, requests)
  if (items.length < 2 || drawn === 0) return null
  const total = items.reduce((sum, { share }) => sum + share, 0)
  const counts = items.map(() => 0)
  for (let i = 0; i < drawn; i += 1) {
    let left = rng.uniform() * total
    const found = items.findIndex(({ share }) => {
      left -= share
      return left < 0
    })
    const index = found < 0 ? items.length - 1 : found
    counts[index] = must(counts[index]) + 1
  }
  return items.map((own, i) => ({ items: own.items, count: must(counts[i]) }))
}

function sumOf(counts: Float64Array): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

function drawDurations(site: Site, spread: number, rng: Rng): TrueDurations {
  const gpus = site.gpus.map(({ id }) => rng.split(`gpu/${id}`))
  const tenants = site.tenants.map(({ id }) => rng.split(`tenant/${id}`))
  return {
    operation: (gpu, seconds) => seconds * factorAround(must(gpus[gpu]), spread),
    worker: (tenant, seconds) => seconds * factorAround(must(tenants[tenant]), spread),
  }
}
