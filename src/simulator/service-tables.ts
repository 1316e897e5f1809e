import { must } from '../base/assert.ts'
import type { Site } from '../core/site.ts'
import type { ServiceTable } from '../core/workload/service-table.ts'
import { makeServiceTable, type ServiceTableInput } from './service-table.ts'

const made = new WeakMap<Site, readonly ServiceTable[]>()

/**
 * What each tenant's queue answers in time, parallel to the site's tenants. Measuring takes
 * seconds, so it is done once for all sites alike; it has no seed.
 */
export function serviceTables(site: Site): readonly ServiceTable[] {
  const before = made.get(site)
  if (before !== undefined) return before
  const { classes, gpus } = site
  const tables = site.tenants.map((tenant, index) => {
    const { sloSeconds, itemsPerRequest, serving } = tenant
    const common = { sloSeconds, itemsPerRequest, serving, classes, gpus }
    // On a node nobody says how requests come: Poisson, with items round their mean.
    if (site.simulation === null) return tableOf(common)
    const { items, source } = must(site.simulation.tenants[index]).arrivals
    // A recording is redrawn as Poisson counts round its rate.
    const gapCv = source.kind === 'generated' ? source.gapCv : 1
    return tableOf({ ...common, items, gapCv })
  })
  made.set(site, tables)
  return tables
}

/** Sites of a comparison differ in their load, costs or drift, not in what an instance answers. */
const byInput = new Map<string, ServiceTable>()
const keptMax = 48

function tableOf(input: ServiceTableInput): ServiceTable {
  const gpus = input.gpus.map(({ model, profileIds }) => [model.id, model.sharing, profileIds])
  const key = JSON.stringify({ ...input, gpus })
  const known = byInput.get(key)
  if (known !== undefined) return known
  const table = makeServiceTable(input)
  const oldest = byInput.keys().next()
  if (byInput.size >= keptMax && oldest.done !== true) byInput.delete(oldest.value)
  byInput.set(key, table)
  return table
}
