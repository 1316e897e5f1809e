import type { Occupant } from '../../core/plan/takeover.ts'
import type { RetrainingOption } from './retraining-option.ts'
import type { WindowModel } from './window-model.ts'

/**
 * For how many slots a retraining may share its instance with inference: while it warms up with one
 * that serves on, and at its end with one that warms up beside it. A bound charges it for neither.
 */
export type LentSlots = { readonly first: number; readonly last: number }

export function lentSlotsOf(
  { fitsBeside, tenants }: WindowModel,
  tenantIndex: number,
  { classIndex, kind, warmUpSlots }: RetrainingOption,
): LentSlots {
  if (fitsBeside === null) return { first: 0, last: 0 }
  const retraining: Occupant = { tenantIndex, kind: 'retraining' }
  const able = tenants.filter(({ canServe, index }) => {
    const inference: Occupant = { tenantIndex: index, kind: 'inference' }
    // What two workers take together does not depend on who came first.
    return canServe[classIndex] === true && fitsBeside(classIndex, inference, retraining)
  })
  if (able.length === 0) return { first: 0, last: 0 }
  const last = Math.max(...able.map((tenant) => tenant.warmUpSlots))
  return { first: kind === 'continue' ? 0 : warmUpSlots, last }
}
