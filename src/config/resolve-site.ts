import type { Site } from '../core/site.ts'
import type { SourceDocument } from './document.ts'
import type { ProfileLibrary } from './profiles/profile-library.ts'
import { readProfiles } from './profiles/read-profiles.ts'
import { type ReadFile, readDocument, readNamed } from './read-document.ts'
import { classesOf, resolveGpus } from './resolve-gpus.ts'
import { resolveNode } from './resolve-node.ts'
import { isWhole, resolveSimulation } from './resolve-simulation.ts'
import { resolveStatic } from './resolve-static.ts'
import { resolveTenant } from './resolve-tenant.ts'
import { type SiteConfig, siteSchema } from './schema/site-schema.ts'

/** More slots than this in a window are a slip of the hand, and would only exhaust the memory. */
const slotsMax = 3600

/**
 * The site that a text describes, every name looked up and every number checked. `sourceName` is
 * what messages call the text. Throws ConfigError for bad input of any kind (exit code 64) and
 * InfeasibleSloError for a tenant whose SLO no instance can meet (exit code 3), nothing else.
 */
export function resolveSite(input: {
  readonly text: string
  readonly sourceName: string
  readonly readFile: ReadFile
}): Site {
  const { text, sourceName, readFile } = input
  const { value: config, source } = readDocument(text, sourceName, siteSchema)
  checkTimes(config, source)
  checkTenantNames(config, source)
  const gpus = resolveGpus(config, source)
  const classes = classesOf(gpus)
  const library = libraryOf(config, source, readFile)
  const tenants = config.tenants.map((tenant, i) =>
    resolveTenant({ tenant, path: ['tenants', i], source, library, classes }, readFile),
  )
  const { costs, forecast, planner } = config
  return {
    name: config.name,
    gpus,
    classes,
    tenants,
    windowSeconds: config.window,
    slotSeconds: config.slot,
    costs: {
      createSeconds: costs.create,
      destroySeconds: costs.destroy,
      cutOverSeconds: costs.cutOver,
      checkpointSeconds: costs.checkpoint,
    },
    residenceSecondsMin: config.residenceMin,
    terminalSeconds: config.terminal ?? config.window,
    forecast: {
      arrivals: forecast.arrivals,
      seasonSeconds: forecast.season ?? null,
      injectedError: forecast.injectedError,
      injectedAccuracyError: forecast.injectedAccuracyError,
    },
    planner: {
      coarseSlotSeconds: planner.coarseSlot,
      gapTarget: planner.gapTarget,
      workMax: planner.workMax,
    },
    policy: config.policy,
    staticLayout:
      config.static === undefined
        ? null
        : resolveStatic(config.static, { gpus, classes, tenants }, source),
    node: resolveNode(config, source),
    simulation: resolveSimulation(config, source, readFile),
  }
}

function libraryOf(config: SiteConfig, source: SourceDocument, readFile: ReadFile): ProfileLibrary {
  const own = config.profiles.map((file, i) => {
    const accepted = 'the path of a file of figures'
    const text = readNamed(readFile, file, (found) =>
      source.error(['profiles', i], { code: 'file-unreadable', found, accepted }),
    )
    return { text, file }
  })
  return readProfiles(readFile, own)
}

function checkTimes(config: SiteConfig, source: SourceDocument): void {
  const { window, slot, forecast, policy } = config
  const refuse = (path: readonly string[], found: string, accepted: string): Error =>
    source.error(path, { code: 'contradiction', found, accepted })
  if (!isWhole(window / slot)) {
    throw refuse(['window'], `${window}s`, `a whole number of slots of ${slot}s`)
  }
  if (window / slot > slotsMax) {
    throw refuse(['slot'], `${Math.round(window / slot)} slots in a window`, `at most ${slotsMax}`)
  }
  const coarse = config.planner.coarseSlot
  if (coarse > window || !isWhole(coarse / slot)) {
    const accepted = `a whole number of slots of ${slot}s, at most the window of ${window}s`
    throw refuse(['planner', 'coarseSlot'], `${coarse}s`, accepted)
  }
  if (forecast.arrivals === 'seasonal' && forecast.season === undefined) {
    const accepted = 'forecast.season, the period of the seasonal forecast'
    throw refuse(['forecast'], 'seasonal without a season', accepted)
  }
  if (policy === 'static' && config.static === undefined) {
    throw refuse(['policy'], 'static without a layout', 'a layout under static:')
  }
}

function checkTenantNames(config: SiteConfig, source: SourceDocument): void {
  const names = config.tenants.map(({ name }) => name)
  const repeated = names.findIndex((name, i) => names.indexOf(name) !== i)
  if (repeated < 0) return
  const found = `a second tenant ${JSON.stringify(names[repeated])}`
  const accepted = 'tenants with different names'
  throw source.error(['tenants', repeated, 'name'], { code: 'duplicate-name', found, accepted })
}
