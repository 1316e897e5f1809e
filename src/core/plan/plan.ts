/**
 * What a policy decides: which GPU instances (or MPS shares) exist and who holds each when. One
 * type for every policy and both mechanisms; slot tables are derived from it. All times are
 * absolute seconds on the problem's slot grid.
 */
export type Plan = {
  readonly policy: string
  readonly mechanism: 'mig' | 'mps'
  readonly startSeconds: number
  readonly endSeconds: number
  /** Hash of the problem it was made from; an executor refuses a plan for another state. */
  readonly stateHash: string
  /** Whether warm-up is inside the plan (`aware`) or was ignored when it was made (`blind`). */
  readonly overhead: 'aware' | 'blind'
  readonly instances: readonly PlannedInstance[]
}

export type PlannedInstance = {
  /** Stable within the plan, and in its successors while the instance lives. */
  readonly id: string
  /** Index into the problem's GPUs. */
  readonly gpu: number
  readonly share: MigShare | MpsShare
  /** The running instance it continues, or null when it is to be created. */
  readonly existing: string | null
  /** In time order, not overlapping. A last tenure that ends at the plan's end is held over. */
  readonly tenures: readonly Tenure[]
}

export type MigShare = {
  readonly kind: 'mig'
  readonly profileId: number
  /** In memory slices. */
  readonly start: number
}

/** `client` tells shares of one size on one GPU apart. */
export type MpsShare = { readonly kind: 'mps'; readonly percent: number; readonly client: number }

/** Where an instance lies as geometry; a share's is that of core/mps/share-model.ts. */
export function placeOfShare(share: MigShare | MpsShare): Omit<MigShare, 'kind'> {
  if (share.kind === 'mps') return { profileId: share.percent, start: share.client }
  const { profileId, start } = share
  return { profileId, start }
}

export type Tenure = {
  readonly tenant: string
  readonly role: Role
  /** From here the instance is this tenure's: slices are occupied, the worker starts. */
  readonly initialiseFromSeconds: number
  /** From here it is planned to serve (or train). */
  readonly serveFromSeconds: number
  readonly until: TenureEnd
}

export type Role =
  | { readonly kind: 'inference' }
  | { readonly kind: 'retraining'; readonly configurationId: string; readonly resumes: boolean }

export type TenureEnd =
  | { readonly kind: 'time'; readonly atSeconds: number }
  /** `expectedSeconds` is when the plan expects the retraining to be done. */
  | {
      readonly kind: 'retraining-done'
      readonly expectedSeconds: number
      readonly latestSeconds: number
    }

/** When a tenure is expected to give its slices back. */
export function expectedEndSeconds(tenure: Tenure): number {
  return tenure.until.kind === 'time' ? tenure.until.atSeconds : tenure.until.expectedSeconds
}
