import type { SimulatedTenant, Simulation } from '../core/site.ts'
import type { DocumentPath, SourceDocument } from './document.ts'
import type { ReadFile } from './read-document.ts'
import { type ArrivalTiming, resolveArrivals } from './resolve-arrivals.ts'
import { itemShares } from './resolve-tenant.ts'
import type { SimulationConfig, SiteConfig } from './schema/site-schema.ts'
import { oneOf } from './suggest.ts'

/** The facts that only the lab knows, or null for a file without them. */
export function resolveSimulation(
  config: SiteConfig,
  source: SourceDocument,
  readFile: ReadFile,
): Simulation | null {
  const { simulation } = config
  if (simulation === undefined) return null
  checkTiming(config, simulation, source)
  checkNames(config, simulation, source)
  const tenants = config.tenants.map(({ name, items }): SimulatedTenant => {
    const path: DocumentPath = ['simulation', 'tenants', name]
    const truth = simulation.tenants[name]
    if (truth === undefined) {
      const found = `no key ${JSON.stringify(name)}`
      const accepted = 'a key with arrivals and drift for every tenant'
      throw source.error(['simulation', 'tenants'], { code: 'missing-key', found, accepted })
    }
    const timing: ArrivalTiming = {
      items: itemShares(items),
      historySeconds: simulation.history,
      durationSeconds: simulation.duration,
    }
    return {
      arrivals: resolveArrivals(truth.arrivals, timing, {
        readFile,
        refuse: (keys, complaint) => source.error([...path, 'arrivals', ...keys], complaint),
      }),
      drift: {
        distancePerSecond: truth.drift.perSecond,
        shifts: truth.drift.shifts.map(({ at, distance }) => ({ atSeconds: at, distance })),
      },
      initialStaleness: truth.initialStaleness,
    }
  })
  const { duration, seeds, truthSpread, labelledShare } = simulation
  return { durationSeconds: duration, seeds, truthSpread, labelledShare, tenants }
}

function checkTiming(
  config: SiteConfig,
  simulation: SimulationConfig,
  source: SourceDocument,
): void {
  const { duration, history, seeds } = simulation
  const windows = duration / config.window
  if (!isWhole(windows)) {
    const accepted = `a whole number of windows of ${config.window}s`
    const found = `${duration}s`
    throw source.error(['simulation', 'duration'], { code: 'contradiction', found, accepted })
  }
  for (const [key, seconds] of [
    ['duration', duration],
    ['history', history],
  ] as const) {
    if (Number.isInteger(seconds)) continue
    const found = `${seconds}s`
    const accepted = 'whole seconds'
    throw source.error(['simulation', key], { code: 'out-of-range', found, accepted })
  }
  const repeated = seeds.findIndex((seed, i) => seeds.indexOf(seed) !== i)
  if (repeated >= 0) {
    const found = `seed ${seeds[repeated]} twice`
    const accepted = 'each seed once'
    throw source.error(['simulation', 'seeds', repeated], {
      code: 'duplicate-name',
      found,
      accepted,
    })
  }
}

function checkNames(
  config: SiteConfig,
  simulation: SimulationConfig,
  source: SourceDocument,
): void {
  const names = config.tenants.map(({ name }) => name)
  const stranger = Object.keys(simulation.tenants).find((name) => !names.includes(name))
  if (stranger === undefined) return
  const accepted = `a tenant of this site, ${oneOf(names, stranger)}`
  const found = JSON.stringify(stranger)
  throw source.error(['simulation', 'tenants', stranger], { code: 'unknown-key', found, accepted })
}

/** Forgives the last bits of a division of seconds. */
export function isWhole(ratio: number): boolean {
  return Math.abs(ratio - Math.round(ratio)) < 1e-9 && Math.round(ratio) >= 1
}
