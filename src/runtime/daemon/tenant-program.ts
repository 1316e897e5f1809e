import type { WorkerCommand } from '../workers/worker-spec.ts'

/** How one tenant's workers are run, with every path absolute. */
export type TenantProgram = {
  readonly inference: WorkerCommand
  /** Null: it is served, and never retrained. */
  readonly retraining: WorkerCommand | null
  /** Folder of the first version. */
  readonly firstVersion: string
  readonly environment: Readonly<Record<string, string>>
  readonly readySecondsMax: number
  readonly memoryMiBMax: number | null
  /** The pace of a reference worker on an instance of that profile; null for real ones. */
  readonly paceFileOf: (profileName: string) => string | null
}
