import { must } from '../../base/assert.ts'
import type { RetrainingJob, TenantState } from '../../control/executor-state.ts'
import { readJson, writeJson } from './json-file.ts'

/** A retraining as the next daemon has to know of it. */
export type KeptJob = Omit<RetrainingJob, 'instanceId'> & {
  /** The MIG device that it is worked on; null while it waits as a checkpoint. */
  readonly device: string | null
}

/**
 * Each tenant's retraining on disk, whenever something about it changes but how far it is. Written
 * before anything is done about the change, so that no trainer runs that the file does not know of.
 */
export class KeptJobs {
  readonly #paths: readonly string[]
  readonly #before: readonly (KeptJob | null)[]
  readonly #written: (string | null)[]

  constructor(options: {
    /** Parallel to the site's tenants. */
    readonly paths: readonly string[]
    /** Whether times in the files are of this run. */
    readonly isContinued: boolean
  }) {
    const { paths, isContinued } = options
    this.#paths = paths
    this.#before = paths.map((path) => (isContinued ? (readJson(path) as KeptJob | null) : null))
    this.#written = paths.map(() => null)
  }

  /** As the daemon before this one left them; parallel to the tenants. */
  get before(): readonly (KeptJob | null)[] {
    return this.#before
  }

  note(tenants: readonly TenantState[], deviceOf: (instanceId: string) => string): void {
    for (const [index, { job }] of tenants.entries()) {
      const key = job === null ? '' : keyOf(job)
      if (this.#written[index] === key) continue
      this.#written[index] = key
      writeJson(must(this.#paths[index]), job === null ? null : kept(job, deviceOf))
    }
  }
}

function kept({ instanceId, ...job }: RetrainingJob, deviceOf: (id: string) => string): KeptJob {
  return { ...job, device: instanceId === null ? null : deviceOf(instanceId) }
}

/** All but the progress, which comes all the time and is read from the trainer's output anyway. */
function keyOf({ fraction: _, ...job }: RetrainingJob): string {
  return JSON.stringify(job)
}
