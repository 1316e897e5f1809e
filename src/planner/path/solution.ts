import type { RetrainingChoice } from './retraining-option.ts'

/** One tenant's worker on one place of a GPU's space, in slots from .. until - 1. */
export type OwnedHold = {
  readonly tenant: number
  readonly role: 'inference' | 'retraining'
  readonly place: number
  readonly from: number
  readonly until: number
}

/** A placed plan in slots: what each tenant retrains, and per GPU who holds which place when. */
export type Solution = {
  /** Parallel to the problem's tenants. */
  readonly choices: readonly (RetrainingChoice | null)[]
  /** Parallel to the problem's GPUs. */
  readonly holds: readonly (readonly OwnedHold[])[]
}
