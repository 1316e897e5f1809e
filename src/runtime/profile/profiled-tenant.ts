import type { TenantProgram } from '../daemon/tenant-program.ts'

/** What is measured: one tenant's own workers, under the names that figures are kept by. */
export type ProfiledTenant = {
  readonly id: string
  /** The model that tables of inference are called after. */
  readonly model: string
  readonly itemsPerRequest: number
  readonly sloSeconds: number
  readonly program: TenantProgram
  /** Workers that come with the program: they keep a pace that they were given. */
  readonly isReference: boolean
  readonly retraining: ProfiledRetraining | null
}

export type ProfiledRetraining = {
  /** The job that tables of training are called after. */
  readonly job: string
  readonly batch: number
  readonly configurationId: string
  /** That the whole work goes through, epochs and all. */
  readonly samples: number
  /** Labelled requests (runtime/labelled-data). */
  readonly dataDir: string
}
