import { checkPlan } from '../../core/plan/check.ts'
import { planFromBlocks } from '../../core/plan/plan-from-blocks.ts'
import { valueOf } from '../../core/plan/value.ts'
import { inTimeRps } from '../../core/workload/service-table.ts'
import type { PolicyContext } from '../../policies/context.ts'
import { fixedLayoutOutcome } from '../../policies/fixed-layout.ts'
import { bestLayoutFor } from '../../policies/window-layout.ts'

/**
 * What a policy in a file of its own may use of ours, so that it needs to import nothing: functions
 * on problems and plans (docs/designs/001), and two ways of making whole plans.
 */
export const policyKit = {
  /** A plan made of who holds what when; warm-up is put before what is to serve. */
  planFromBlocks,
  /** Whether a plan is legal, and what is wrong with it. */
  checkPlan,
  /** What a plan is worth, in expected Goodput. */
  valueOf,
  /** Requests per second that a tenant's instances answer in time at some load. */
  inTimeRps,
  /** The outcome that keeps one layout for the whole problem: who serves where, who may retrain. */
  fixedLayoutOutcome,
  /** The one layout that is worth most by what is expected of a problem. */
  bestLayoutFor,
} as const

export type PolicyKit = typeof policyKit

/** What `createPolicy` of a policy file is called with. */
export type PolicyFileContext = PolicyContext & { readonly kit: PolicyKit }
