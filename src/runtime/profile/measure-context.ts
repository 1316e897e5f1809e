import type { InferRequest } from '../open-inference/protocol.ts'
import type { InferenceSpec } from '../workers/worker-spec.ts'
import type { MeasuredProfile } from './measured-table.ts'
import type { ProfiledTenant } from './profiled-tenant.ts'
import type { WorkerDesk } from './worker-desk.ts'

/** One profile to measure: where, whose worker, and where to with what is found. */
export type MeasureContext = {
  readonly tenant: ProfiledTenant
  readonly desk: WorkerDesk
  /** Name of the profile. */
  readonly profile: string
  /** What CUDA_VISIBLE_DEVICES takes. */
  readonly device: string
  /** For what workers write. */
  readonly folder: string
  /** The GPU's memory that processes on the instance have; null: the driver tells nothing. */
  readonly memoryMiB: () => Promise<number | null>
  /** A request that a person gave; null: made up by the model's metadata. */
  readonly sample: InferRequest | null
  /** Whether a worker has got ready, or answered, on any profile under these conditions. */
  readonly hasRun: (what: 'start' | 'batch') => boolean
  readonly found: () => MeasuredProfile
  readonly keep: (next: MeasuredProfile) => void
  readonly signal: AbortSignal
  readonly tell: (line: string) => void
}

export type CommonSpec = Omit<InferenceSpec, 'kind' | 'command' | 'port' | 'readySecondsMax' | 'id'>

export function commonSpec({ tenant, profile, device }: MeasureContext): CommonSpec {
  const { program } = tenant
  return {
    tenant: tenant.id,
    device,
    profile,
    modelDir: program.firstVersion,
    environment: program.environment,
    paceFile: program.paceFileOf(profile),
    memoryMiBMax: program.memoryMiBMax,
    // What does not run is a finding.
    restart: null,
  }
}

/** The most of what was told so far. */
export function largest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return Math.max(a, b)
}
