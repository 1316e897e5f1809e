// What pre-initialization saves: the plans of `migrator` and of its ablation that is blind to the
// overhead of reconfiguration, each carried out cold and pre-initialised, by seeds of a site.
//
//   npm run build && node bench/overhead.mjs [--json] [--seeds 1,2,3] [--work 0.3] [site.yaml ...]
//
// The last line of a site and seed compares the plans that know the overhead with those that are
// blind to it and cold; the last of all are means over sites and seeds. Capacity lost is counted in
// requests that slices held without serving could have answered, where they went unanswered.
// `--work` is the share of the planner's usual work. Figures go to stdout.
import { parseArgs } from 'node:util'
import { loadSite, readSiteSource } from '../dist/cli/load-site.js'
import { preInitialise } from '../dist/planner/pre-initialise.js'
import { createHighsSolver } from '../dist/planner/solver/highs.js'
import { createMigrator, createMigratorBlindCold } from '../dist/policies/migrator.js'
import { compareOverhead } from '../dist/simulator/reconfiguration-overhead.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    seeds: { type: 'string', default: '1,2,3' },
    work: { type: 'string', default: '1' },
  },
})
/** Counted work of the planner that is its usual (src/policies/migrator.ts). */
const workMaxUsual = 14_000
const solver = await createHighsSolver()
const reductions = new Map()
for (const file of positionals.length > 0 ? positionals : [undefined]) {
  const source = readSiteSource(file)
  const given = loadSite(source)
  const workMax = Math.round(Number(values.work) * Math.min(workMaxUsual, given.planner.workMax))
  const site = { ...given, planner: { ...given.planner, workMax } }
  for (const seed of values.seeds.split(',').map(Number)) {
    const runs = [createMigratorBlindCold, createMigrator].map((create) => {
      const planner = create({ site, solver, hindsight: null })
      return { planner: planner.name, ...compareOverhead({ site, seed }, planner, preInitialise) }
    })
    for (const run of runs) {
      if (values.json) console.log(JSON.stringify({ site: site.name, seed, ...run }))
      else print(site.name, seed, run)
      note(`${run.planner}, the same plans cold and pre-initialised`, run.reduction)
    }
    const [blind, aware] = runs
    const { lostRequests } = blind.cold
    const saved = lostRequests > 0 ? 1 - aware.preInitialised.lostRequests / lostRequests : null
    if (values.json) {
      console.log(JSON.stringify({ site: site.name, seed, awareAgainstBlind: saved }))
    } else console.log(`  aware against blind and cold: ${percent(saved)}`)
    note('aware against blind and cold', saved)
  }
}
for (const [what, all] of reductions) {
  const mean = all.reduce((sum, one) => sum + one, 0) / all.length
  if (values.json) console.log(JSON.stringify({ what, runs: all.length, mean }))
  else console.log(`Mean of ${all.length} runs, ${what}: ${percent(mean)}`)
}

function note(what, saved) {
  if (saved !== null) reductions.set(what, [...(reductions.get(what) ?? []), saved])
}

function print(name, seed, { planner, cold, preInitialised, reduction }) {
  const told = ({ lostRequests, reconfigurations, goodput }) =>
    `${lostRequests.toFixed(0)} lost, ${reconfigurations} reconfigurations, Goodput ` +
    `${(100 * goodput).toFixed(1)} %`
  console.log(`${name}, seed ${seed}, ${planner}: cold ${told(cold)}`)
  console.log(`  pre-initialised ${told(preInitialised)}; ${percent(reduction)}`)
}

function percent(saved) {
  return saved === null ? '-' : `${(100 * saved).toFixed(0)} % less`
}
