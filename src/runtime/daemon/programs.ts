import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { must } from '../../base/assert.ts'
import type { Site } from '../../core/site.ts'
import { studies } from '../../learning/studies.ts'
import { paceFileOf } from '../reference/pace.ts'
import { writeInitialVersion } from '../reference/version-directory.ts'
import { writeJson } from './json-file.ts'
import type { TenantProgram } from './tenant-program.ts'

const referenceReadySecondsMax = 60

/** Seed of the concept that a tenant's reference model is about. */
export const referenceSeed = 1

/** Thrown where a tenant's workers cannot be what the site says. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError'
}

export type ProgramOptions = {
  readonly stateDir: string
  /** Of the site file. */
  readonly siteFolder: string
  /** When the first version's labels were taken, in seconds of the run; 0 where it is not said. */
  readonly labelledUntilSeconds?: readonly number[]
}

/**
 * How each tenant's workers are run; null where the site names none. Reference workers get their
 * pace files and a first version below `stateDir`; others' paths are relative to `siteFolder`.
 */
export async function tenantPrograms(
  site: Site,
  options: ProgramOptions,
): Promise<readonly (TenantProgram | null)[]> {
  const programs: (TenantProgram | null)[] = []
  for (const [index, workers] of site.node.workers.entries()) {
    if (workers === null) programs.push(null)
    else if (workers.kind === 'reference') programs.push(await reference(site, index, options))
    else {
      const firstVersion = join(options.siteFolder, workers.model)
      if (!existsSync(firstVersion)) {
        const { id } = must(site.tenants[index])
        throw new ProgramError(`Cannot run ${id}: its first version ${firstVersion} is not there`)
      }
      const { kind: _, model: __, ...commands } = workers
      programs.push({ ...commands, firstVersion, paceFileOf: () => null })
    }
  }
  return programs
}

async function reference(
  site: Site,
  index: number,
  { stateDir, labelledUntilSeconds }: ProgramOptions,
): Promise<TenantProgram> {
  const { id, accuracy } = must(site.tenants[index])
  const study = studies.find((own) => own.id === accuracy.id)
  if (study === undefined) {
    throw new ProgramError(
      `Cannot run ${id} with reference workers: they learn what the accuracy tables ` +
        `${studies.map((own) => own.id).join(', ')} were measured on, not ${accuracy.id}`,
    )
  }
  const folder = join(stateDir, 'tenants', id)
  const firstVersion = join(folder, 'first')
  if (!existsSync(firstVersion)) {
    await writeInitialVersion(firstVersion, study, {
      seed: referenceSeed,
      labelledUntilSeconds: labelledUntilSeconds?.[index] ?? 0,
    })
  }
  const models = [...new Set(site.gpus.map(({ model }) => model.id))]
  const files = models.map((model) => {
    const path = join(folder, `pace-${model}.json`)
    const pace = paceFileOf(site, id, model)
    writeJson(path, pace)
    return { path, profiles: Object.keys(pace.profiles) }
  })
  return {
    inference: [process.execPath, script('server.js')],
    retraining: [process.execPath, script('trainer.js')],
    firstVersion,
    environment: {},
    readySecondsMax: referenceReadySecondsMax,
    memoryMiBMax: null,
    paceFileOf: (profile) => files.find(({ profiles }) => profiles.includes(profile))?.path ?? null,
  }
}

/** Compiled: workers are programs of their own, run by plain Node. */
function script(name: string): string {
  return fileURLToPath(new URL(`../reference/${name}`, import.meta.url))
}
