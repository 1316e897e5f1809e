import type { ExecutorState } from '../../control/executor-state.ts'
import type { Site } from '../../core/site.ts'
import type { Context } from '../../reconfigure/context.ts'
import type { Workers } from '../workers/workers.ts'
import type { Fact } from './facts.ts'
import type { FailedPlaces } from './failed-places.ts'
import type { LabelStore } from './label-store.ts'
import type { NodeBook } from './node-book.ts'
import type { RouterLink } from './router-link.ts'
import type { TenantProgram } from './tenant-program.ts'
import type { VersionStore } from './version-store.ts'

/** A line of the daemon's own log. */
export type Log = (level: 'info' | 'warn' | 'error', message: string) => void

/** What performing control's wishes takes. Arrays are parallel to the site's GPUs or tenants. */
export type WorldContext = {
  readonly site: Site
  readonly gpuUuids: readonly string[]
  readonly reconfigure: Context
  readonly workers: Workers
  readonly router: RouterLink
  /** Null: the tenant has no workers, and plans that hold some for it are carried out without. */
  readonly programs: readonly (TenantProgram | null)[]
  readonly versions: readonly VersionStore[]
  readonly labels: readonly LabelStore[]
  readonly book: NodeBook
  readonly failed: FailedPlaces
  /** Where a retraining has its data, its output and its checkpoint. */
  readonly jobFolder: (tenantId: string, jobId: string) => string
  /** Seconds of the run. */
  readonly now: () => number
  /** Tells control what happened. */
  readonly tell: (fact: Fact) => void
  readonly stateNow: () => ExecutorState
  /** Takes all of a GPU out of what plans may use. */
  readonly blockGpu: (gpu: number) => void
  readonly log: Log
}

export function tenantIndexOf({ site }: Pick<WorldContext, 'site'>, id: string): number {
  return site.tenants.findIndex((tenant) => tenant.id === id)
}
