import type { InstancePlace } from '../core/plan/plan-from-blocks.ts'

/**
 * A GPU instance that exists for the whole run. One for inference has one holder; one of the
 * retraining pool is handed round among its tenants, by index.
 */
export type FixedInstance = {
  readonly place: InstancePlace
  readonly use:
    | { readonly kind: 'inference'; readonly tenant: number }
    | { readonly kind: 'pool'; readonly tenants: readonly number[] }
}
