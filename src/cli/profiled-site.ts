import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { must } from '../base/assert.ts'
import {
  FileUnreadable,
  type ReadFile,
  readDocument,
  shippedPrefix,
} from '../config/read-document.ts'
import { resolveAccuracy } from '../config/resolve-accuracy.ts'
import { classesOf, resolveGpus } from '../config/resolve-gpus.ts'
import { resolveNode } from '../config/resolve-node.ts'
import { itemShares } from '../config/resolve-tenant.ts'
import { type SiteConfig, siteSchema } from '../config/schema/site-schema.ts'
import type { TenantConfig } from '../config/schema/tenant-schema.ts'
import { measuredConfiguration } from '../core/learning/accuracy-table.ts'
import type { TenantWorkers } from '../core/node-settings.ts'
import type { InstanceClass } from '../core/plan/problem.ts'
import type { SiteGpu } from '../core/site.ts'
import { studies } from '../learning/studies.ts'
import { ProgramError, tenantPrograms } from '../runtime/daemon/programs.ts'
import type { TenantProgram } from '../runtime/daemon/tenant-program.ts'
import type { ProfiledRetraining, ProfiledTenant } from '../runtime/profile/profiled-tenant.ts'
import { writeReferenceData } from '../runtime/profile/reference-data.ts'
import { loadSite, readSiteSource, type SiteSource } from './load-site.ts'
import { packagedPath } from './packaged-files.ts'
import { UsageError } from './usage-error.ts'

/** What is asked about a site's tenant beside the site file. */
export type SubjectOptions = {
  readonly file: string | undefined
  readonly tenant: string | undefined
  /** Null: no retraining; empty: the first that the site names. */
  readonly configuration: string | null
  /** Labelled requests to retrain on. */
  readonly dataDir: string | undefined
}

/**
 * The parts of a site file that measuring needs. It is read for them alone, because a file whose
 * models have no figures yet, the reason for measuring, is no whole site.
 */
export type ProfiledSite = {
  readonly gpus: readonly SiteGpu[]
  readonly classes: readonly InstanceClass[]
  readonly device: 'simulated' | 'nvml'
  readonly tenantId: string
  /** `folder` is for pace files and first versions of reference workers. */
  readonly subject: (folder: string, tell: (line: string) => void) => Promise<ProfiledTenant>
}

/** Throws UsageError, ConfigError or InfeasibleSloError. */
export function readProfiledSite(options: SubjectOptions): ProfiledSite {
  const source = readSiteSource(options.file)
  const { value: config, source: document } = readDocument(
    source.text,
    source.sourceName,
    siteSchema,
  )
  const index = tenantIndex(config, options.tenant)
  const tenant = must(config.tenants[index])
  const gpus = resolveGpus(config, document)
  const node = resolveNode(config, document)
  const workers = node.workers[index] ?? null
  if (workers === null) {
    const fix = 'add "workers: reference", or a mapping with its commands'
    throw new UsageError(`Cannot measure ${tenant.name}: it has no workers; ${fix}`)
  }
  return {
    gpus,
    classes: classesOf(gpus),
    device: node.device,
    tenantId: tenant.name,
    subject: async (folder, tell) => {
      const program = await programOf({ source, tenant, workers, folder, tell })
      const isReference = workers.kind === 'reference'
      const base = {
        id: tenant.name,
        model: tenant.model,
        itemsPerRequest: Math.max(1, Math.round(meanItems(tenant))),
        sloSeconds: tenant.slo,
        ...{ program, isReference },
      }
      const { configuration } = options
      if (configuration === null) return { ...base, retraining: null }
      const refuseAccuracy: RefuseAccuracy = (code, found, accepted) =>
        document.error(['tenants', index, 'accuracy'], { code, found, accepted })
      const asked = { ...options, configuration, source, tenant, program, folder, isReference }
      return { ...base, retraining: retrainingOf({ ...asked, refuseAccuracy }) }
    },
  }
}

function tenantIndex({ tenants }: SiteConfig, asked: string | undefined): number {
  const names = tenants.map(({ name }) => name)
  if (asked === undefined && names.length === 1) return 0
  const index = names.indexOf(asked ?? '')
  if (index >= 0) return index
  const what = asked === undefined ? 'name one of several tenants' : `there is no tenant "${asked}"`
  throw new UsageError(`Cannot measure: ${what}; accepted are --tenant ${names.join(', ')}`)
}

function meanItems({ items }: TenantConfig): number {
  return itemShares(items).reduce((sum, pair) => sum + pair.items * pair.share, 0)
}

function siteFolder({ sourceName }: SiteSource): string {
  return existsSync(sourceName) ? dirname(resolve(sourceName)) : process.cwd()
}

/** Commands are taken as they stand; reference workers get their pace from a site's figures. */
async function programOf(own: {
  readonly source: SiteSource
  readonly tenant: TenantConfig
  readonly workers: TenantWorkers
  readonly folder: string
  readonly tell: (line: string) => void
}): Promise<TenantProgram> {
  const { source, tenant, workers, folder, tell } = own
  if (workers.kind === 'commands') {
    const firstVersion = join(siteFolder(source), workers.model)
    if (!existsSync(firstVersion)) {
      throw new UsageError(
        `Cannot measure ${tenant.name}: its version ${firstVersion} is not there`,
      )
    }
    const { kind: _, model: __, ...commands } = workers
    return { ...commands, firstVersion, paceFileOf: () => null }
  }
  tell('Making the reference workers ready: a first version of their model, and the pace to keep')
  const site = loadSite(source)
  const alone = {
    ...site,
    tenants: site.tenants.filter(({ id }) => id === tenant.name),
    node: { ...site.node, workers: [workers] },
  }
  try {
    const places = { stateDir: folder, siteFolder: siteFolder(source) }
    return must((await tenantPrograms(alone, places))[0])
  } catch (error) {
    throw error instanceof ProgramError ? new UsageError(error.message) : error
  }
}

type RefuseAccuracy = Parameters<typeof resolveAccuracy>[2]

type AskedRetraining = {
  readonly refuseAccuracy: RefuseAccuracy
  readonly source: SiteSource
  readonly tenant: TenantConfig
  readonly program: TenantProgram
  readonly isReference: boolean
  readonly configuration: string
  readonly dataDir: string | undefined
  readonly folder: string
}

function retrainingOf(asked: AskedRetraining): ProfiledRetraining {
  const { source, tenant, program } = asked
  const refuse = (why: string): never => {
    throw new UsageError(`Cannot measure the retraining of ${tenant.name}: ${why}`)
  }
  const { retraining } = tenant
  if (retraining === undefined || program.retraining === null) {
    return refuse('the site file names no retraining, or no command for it')
  }
  const table = resolveAccuracy(tenant.accuracy, readerFor(source), asked.refuseAccuracy)
  const known = retraining.configurations ?? table.configurations.map(({ id }) => id)
  const configurationId = asked.configuration === '' ? must(known[0]) : asked.configuration
  if (!table.configurations.some(({ id }) => id === configurationId)) {
    return refuse(
      `there is no configuration "${configurationId}"; accepted are ${known.join(', ')}`,
    )
  }
  const { epochs, samplesPerEpoch } = measuredConfiguration(table, configurationId)
  const samples = epochs * samplesPerEpoch * retraining.samplesScale
  const { job, batch } = retraining
  return { job, batch, configurationId, samples, dataDir: dataFolder(asked, refuse) }
}

function dataFolder(
  { dataDir, isReference, tenant, folder }: AskedRetraining,
  refuse: (why: string) => never,
): string {
  if (dataDir !== undefined) {
    const path = resolve(dataDir)
    return existsSync(path) ? path : refuse(`there is no folder ${path}`)
  }
  const study = studies.find(({ id }) => id === tenant.accuracy)
  if (!isReference || study === undefined) {
    return refuse('name a folder of labelled requests with --data (JSON lines, as in its job)')
  }
  const path = join(folder, 'data', tenant.name)
  writeReferenceData(path, study)
  return path
}

function readerFor(source: SiteSource): ReadFile {
  return (path) => {
    const found = path.startsWith(shippedPrefix)
      ? packagedPath(`data/${path.slice(shippedPrefix.length)}`)
      : resolve(siteFolder(source), path)
    try {
      return readFileSync(found, 'utf8')
    } catch {
      throw new FileUnreadable(path, 'it cannot be read')
    }
  }
}
