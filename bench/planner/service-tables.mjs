// Service tables of the benchmark's tenants: measuring one takes seconds, so those that were are kept
// in service-tables.json, by a hash of what they were measured from.
import { readFileSync } from 'node:fs'
import { hash64 } from '../../dist/base/hash.js'
import { canonicalJson } from '../../dist/core/plan/state-hash.js'
import { makeServiceTable } from '../../dist/simulator/service-table.js'

export const tablesFile = new URL('service-tables.json', import.meta.url)
const kept = JSON.parse(readFileSync(tablesFile, 'utf8'))
/** By key; problems that share a tenant share its table. */
const tables = new Map()

/** The service table of a site's tenant, from the file or measured now. */
export function serviceTableFor(site, index) {
  const input = inputOf(site, index)
  const key = hash64(canonicalJson(input))
  const table = tables.get(key) ?? unpacked(input, kept[key]) ?? measured(input, site, index)
  tables.set(key, table)
  return table
}

/** What was used so far, as the file holds it. */
export function packedTables() {
  const entries = [...tables].sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, table]) => [key, packed(table)]))
}

function inputOf({ tenants, classes, gpus, simulation }, index) {
  const { sloSeconds, itemsPerRequest, serving } = tenants[index]
  const { items, source } = simulation.tenants[index].arrivals
  const gapCv = source.kind === 'generated' ? source.gapCv : 1
  const models = new Map(gpus.map(({ model, profileIds }) => [model.id, { model, profileIds }]))
  return {
    sloSeconds,
    itemsPerRequest,
    serving,
    items,
    gapCv,
    classes,
    gpus: [...models.values()],
  }
}

function measured(input, { name, tenants }, index) {
  console.error(`Measuring the service table of ${tenants[index].id} in ${name}`)
  const made = makeServiceTable(input)
  return unpacked(input, packed(made))
}

/** Rounded, so that the file is small; a table that was just measured is rounded alike. */
function packed({ loads, dispersion, sets }) {
  return {
    loads,
    dispersion,
    sets: sets.map(({ counts, capacityRps, inTimeShare }) => {
      const shares = inTimeShare.map((share) => Number(share.toFixed(5)))
      while (shares[0] === 1) shares.shift()
      return [counts.join(' '), Number(capacityRps.toPrecision(8)), ...shares]
    }),
  }
}

function unpacked(input, table) {
  if (table === undefined) return undefined
  const { loads, dispersion, sets } = table
  return {
    classCount: input.classes.length,
    loads,
    dispersion,
    sets: sets.map(([counts, capacityRps, ...shares]) => {
      const all = new Array(loads.length - shares.length).fill(1)
      return {
        counts: counts.split(' ').map(Number),
        capacityRps,
        inTimeShare: [...all, ...shares],
      }
    }),
  }
}
