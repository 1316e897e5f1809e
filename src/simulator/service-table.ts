import { assert, must } from '../base/assert.ts'
import { Rng } from '../base/rng.ts'
import { type GpuModel, profileById } from '../core/mig/gpu-model.ts'
import { enumerateProfileCounts } from '../core/mig/profile-counts.ts'
import type { InstanceClass } from '../core/plan/problem.ts'
import type { SiteGpu } from '../core/site.ts'
import type { ArrivalSeries } from '../core/workload/arrival-series.ts'
import { answeredAt, type ServiceCurve } from '../core/workload/service-curve.ts'
import type { ServiceTable } from '../core/workload/service-table.ts'
import type { ServingCapability } from '../core/workload/serving.ts'
import { neverFalling, neverRising } from './isotonic.ts'
import { queueRequestsMaxDefault, RequestEngine } from './request-engine.ts'

/** One load of the grid, and how many requests it is measured with: most where the queue turns. */
type GridPoint = { readonly load: number; readonly requests: number }

const grid: readonly GridPoint[] = [
  { load: 0, requests: 0 },
  { load: 0.2, requests: 2000 },
  { load: 0.35, requests: 4000 },
  { load: 0.5, requests: 6000 },
  { load: 0.6, requests: 8000 },
  { load: 0.7, requests: 12000 },
  { load: 0.8, requests: 16000 },
  { load: 0.87, requests: 16000 },
  { load: 0.93, requests: 16000 },
  { load: 1, requests: 16000 },
  { load: 1.08, requests: 16000 },
  { load: 1.2, requests: 12000 },
  { load: 1.4, requests: 8000 },
  { load: 2, requests: 8000 },
  { load: 5, requests: 12000 },
]

/** Below the first load at which this share is in time, everything is taken to be. */
const allInTimeShare = 1 - 1e-4

/** An empty queue fills within about an SLO; what ends in the first few is not counted. */
const warmUpSlos = 4

export type ServiceTableInput = {
  readonly sloSeconds: number
  readonly itemsPerRequest: number
  /** Parallel to `classes`. */
  readonly serving: readonly (ServingCapability | null)[]
  /** How items spread over requests, where that is known; else the whole numbers round the mean. */
  readonly items?: ArrivalSeries['items']
  /** Variation of the gaps between requests, from the tenant's history; absent = 1, Poisson. */
  readonly gapCv?: number
  readonly classes: readonly InstanceClass[]
  readonly gpus: readonly Pick<SiteGpu, 'model' | 'profileIds'>[]
}

/**
 * What one tenant's requests get from each set of instances that one GPU of the site can give it,
 * measured: the data plane itself runs under arrivals of a constant mean rate at each load of a
 * grid, executions by the profile with the noise of single batches. That the profile is not the
 * truth is not in the table. Deterministic: the draws are the same for each set and load, which
 * also makes curves comparable. Plain data: make it once for a tenant and hand it on.
 */
export function makeServiceTable(input: ServiceTableInput): ServiceTable {
  assert(input.sloSeconds < Infinity, 'A service table needs an SLO')
  const sets = heldSets(input).map((counts) => measureCurve(input, counts))
  const loads = grid.map(({ load }) => load)
  // Counts of a renewal process have the squared variation of its gaps as their dispersion.
  return { classCount: input.classes.length, loads, sets, dispersion: (input.gapCv ?? 1) ** 2 }
}

/**
 * Every non-empty multiset of instances it can serve on, on one GPU of each model in the site. Of
 * shares a few of one size: there are thousands of others, which `curveFor` pools from these.
 */
function heldSets(input: ServiceTableInput): readonly (readonly number[])[] {
  const { classes, gpus, serving } = input
  const sets = new Map<string, readonly number[]>()
  for (const { model, profileIds } of gpus) {
    for (const counts of countsOn(model, profileIds)) {
      const byClass = classes.map(({ gpuModelId, profileId }, k) => {
        const isOurs = gpuModelId === model.id && serving[k] !== null
        return isOurs ? (counts.get(profileId) ?? 0) : 0
      })
      if (byClass.some((count) => count > 0)) sets.set(byClass.join(), byClass)
    }
  }
  return [...sets.values()]
}

const equalSharesMax = 4

function countsOn(
  model: GpuModel,
  profileIds: readonly number[],
): readonly ReadonlyMap<number, number>[] {
  if (model.sharing === undefined) {
    return enumerateProfileCounts(model, profileIds).map(({ counts }) => counts)
  }
  return profileIds.flatMap((profileId) => {
    const { instanceCountMax } = profileById(model, profileId)
    return Array.from(
      { length: Math.min(equalSharesMax, instanceCountMax) },
      (_, i) => new Map([[profileId, i + 1]]),
    )
  })
}

/**
 * Measured from the highest load down, until all are in time. A finite run's rate is never quite
 * the one asked for, so what it answers stands at the load it really had, and is carried over to
 * the grid's from there.
 */
function measureCurve(input: ServiceTableInput, counts: readonly number[]): ServiceCurve {
  const capacityRps = counts.reduce((sum, count, k) => sum + count * capacityOf(input, k), 0)
  const loads = grid.map(({ load }) => load)
  const shares = new Array<number>(grid.length).fill(1)
  for (let i = grid.length - 1; i > 0; i -= 1) {
    const { load, requests } = must(grid[i])
    const measured = measureShare(input, counts, { rateRps: load * capacityRps, requests })
    loads[i] = measured.rateRps / capacityRps
    shares[i] = measured.share
    if (measured.share >= allInTimeShare) break
  }
  const onGrid = grid.map(({ load }) => (load === 0 ? 1 : answeredAt(loads, shares, load) / load))
  return { counts, capacityRps, inTimeShare: monotone(onGrid) }
}

function capacityOf({ serving, itemsPerRequest }: ServiceTableInput, k: number): number {
  return (serving[k]?.capacityItemsPerSecond ?? 0) / itemsPerRequest
}

/**
 * The share in time of about `requests` arrivals whose fate is known after a warm-up, and
 * the rate that they really had.
 */
export function measureShare(
  input: ServiceTableInput,
  counts: readonly number[],
  run: { readonly rateRps: number; readonly requests: number; readonly seed?: number },
): { readonly share: number; readonly rateRps: number } {
  const { sloSeconds, itemsPerRequest } = input
  const warmUpSeconds = warmUpSlos * sloSeconds
  const durationSeconds = warmUpSeconds + run.requests / run.rateRps
  const arrivals: ArrivalSeries = {
    ratesRps: new Float64Array(Math.ceil(durationSeconds)).fill(run.rateRps),
    historySeconds: 0,
    gapCv: input.gapCv ?? 1,
    items: input.items ?? wholeItems(itemsPerRequest),
    description: 'constant rate',
  }
  const queueRequestsMax = queueRequestsMaxDefault
  const engine = new RequestEngine({
    tenants: [{ id: 'measured', sloSeconds, queueRequestsMax, arrivals }],
    durationSeconds,
    rng: new Rng(run.seed ?? 0, 'service-table'),
  })
  for (const [k, count] of counts.entries()) {
    for (let i = 0; i < count; i += 1) {
      const capability = must(input.serving[k])
      engine.addServer({ tenant: 0, capability, trueScale: 1, accuracy: 1 })
    }
  }
  engine.advance(warmUpSeconds)
  const { counts: all } = engine.accountsOf(0)
  const before = { ...all }
  engine.advance(durationSeconds)
  const inTime = all.inTime - before.inTime
  const settled = inTime + all.late - before.late + all.shed - before.shed
  return {
    share: settled === 0 ? 1 : inTime / settled,
    rateRps: (all.arrived - before.arrived) / (durationSeconds - warmUpSeconds),
  }
}

/** Request sizes whose mean is `mean`: its two neighbouring whole numbers. */
export function wholeItems(mean: number): ArrivalSeries['items'] {
  const low = Math.max(1, Math.floor(mean))
  const share = mean - low
  if (share <= 0) return [{ items: low, share: 1 }]
  return [
    { items: low, share: 1 - share },
    { items: low + 1, share },
  ]
}

/**
 * Takes out of a measured curve the noise that breaks what must be monotone: the share in time
 * never rises with the load, and the rate of answers in time never falls, because what is too much
 * is shed. (Pooling the second keeps the first.)
 */
function monotone(shares: readonly number[]): readonly number[] {
  const weights = grid.map(({ requests }) => requests + 1)
  const falling = neverRising(shares, weights)
  const answered = falling.map((share, i) => share * must(grid[i]).load)
  const rising = neverFalling(answered, weights)
  return rising.map((rate, i) => (i === 0 ? must(falling[0]) : rate / must(grid[i]).load))
}
