import { must } from '../base/assert.ts'
import type { Rng } from '../base/rng.ts'
import { bestAccuracy } from '../core/bound/best-accuracy.ts'
import { goodputBound } from '../core/bound/goodput-bound.ts'
import { type Mechanism, siteUnder } from '../core/mps/share-site.ts'
import type { Site } from '../core/site.ts'
import { drawTruth, type Truth } from './truth.ts'

/** Retrainings of all tenants per window and tenant, more than any policy ever begins. */
const jobsEach = 4

/**
 * What no policy by that mechanism can exceed in the run of a seed, in Goodput (core/bound). It
 * depends on the seed alone: `arrived` (by tenant, requests in each second of the run) is the same
 * for every policy. `site` is the one by MIG.
 */
export function runBound(site: Site, mechanism: Mechanism, run: BoundedRun): number {
  const bounds = known.get(site) ?? new Map<string, number>()
  known.set(site, bounds)
  const key = `${mechanism} ${run.seed}`
  const bound = bounds.get(key) ?? computedBound(site, mechanism, run)
  bounds.set(key, bound)
  return bound
}

type BoundedRun = {
  readonly seed: number
  readonly arrived: readonly ArrayLike<number>[]
}

/** All policies of a comparison have the same bounds. */
const known = new WeakMap<Site, Map<string, number>>()

function computedBound(site: Site, mechanism: Mechanism, run: BoundedRun): number {
  const own = siteUnder(mechanism, site)
  const truth = drawTruth(own, run.seed)
  const simulation = must(own.simulation)
  return goodputBound({
    site: own,
    serviceScale: truth.tenants.map(({ serviceScale }) => serviceScale),
    items: truth.tenants.map(({ arrivals }) => arrivals.items),
    arrived: run.arrived,
    accuracyMax: own.tenants.map((tenant, index) => {
      const { drift, initialStaleness } = must(simulation.tenants[index])
      return bestAccuracy({
        table: tenant.accuracy,
        configurations: tenant.retraining.map(({ configurationId, secondsByClass }) => ({
          id: configurationId,
          secondsMin: fastestSeconds(secondsByClass, must(truth.tenants[index])),
        })),
        drift,
        initialStaleness,
        windowSeconds: own.windowSeconds,
        durationSeconds: simulation.durationSeconds,
        luckMax: luckMax(own, truth.rng, tenant.id),
      })
    }),
  })
}

function fastestSeconds(
  secondsByClass: readonly (number | null)[],
  { retrainingScale }: Truth['tenants'][number],
): number {
  const known = secondsByClass.flatMap((seconds, k) =>
    seconds === null ? [] : [seconds * must(retrainingScale[k])],
  )
  return Math.min(...known)
}

/** The luckiest of all trainings that the tenant could have in the run; versions.ts draws it. */
function luckMax(site: Site, rng: Rng, tenant: string): number {
  const windows = Math.ceil(must(site.simulation).durationSeconds / site.windowSeconds)
  const versions = rng.split('versions')
  const jobs = jobsEach * windows * site.tenants.length
  let most = 0
  for (let job = 1; job <= jobs; job += 1) {
    most = Math.max(most, versions.split(`luck/${tenant}/job-${job}`).normal())
  }
  return most
}
