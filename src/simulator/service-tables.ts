import { must } from '../base/assert.ts'
import type { Site } from '../core/site.ts'
import type { ServiceTable } from '../core/workload/service-table.ts'
import { makeServiceTable } from './service-table.ts'

const made = new WeakMap<Site, readonly ServiceTable[]>()

/**
 * What each tenant's queue answers in time, parallel to the site's tenants. Measuring takes
 * seconds, so it is done once for a site; it has no seed.
 */
export function serviceTables(site: Site): readonly ServiceTable[] {
  const before = made.get(site)
  if (before !== undefined) return before
  const { classes, gpus } = site
  const tables = site.tenants.map((tenant, index) => {
    const { sloSeconds, itemsPerRequest, serving } = tenant
    const { items, source } = must(site.simulation?.tenants[index]).arrivals
    // A recording is redrawn as Poisson counts round its rate.
    const gapCv = source.kind === 'generated' ? source.gapCv : 1
    return makeServiceTable({ sloSeconds, itemsPerRequest, serving, items, gapCv, classes, gpus })
  })
  made.set(site, tables)
  return tables
}
