import type { PlanningProblem } from '../../core/plan/problem.ts'
import { fitsBeside, type Occupant } from '../../core/plan/takeover.ts'
import type { WindowTenant } from './window-tenant.ts'

/**
 * Whether on an instance of that class a worker may start beside another one (design 001, line 2a);
 * looked up, not worked out.
 */
export type FitsBeside = (classIndex: number, before: Occupant, after: Occupant) => boolean

/**
 * Null where nobody fits beside anybody, or nobody takes time to start: then takeovers bring
 * nothing.
 */
export function fitsBesideOf(
  problem: PlanningProblem,
  tenants: readonly WindowTenant[],
): FitsBeside | null {
  const isInstant = tenants.every(
    ({ warmUpSlots, options }) =>
      warmUpSlots === 0 && options.every((option) => option.warmUpSlots === 0),
  )
  if (problem.takeovers === undefined || isInstant) return null
  const kinds = ['inference', 'retraining'] as const
  const occupants = problem.tenants.flatMap((_, tenantIndex) =>
    kinds.map((kind): Occupant => ({ tenantIndex, kind })),
  )
  const position = ({ tenantIndex, kind }: Occupant) =>
    2 * tenantIndex + (kind === 'inference' ? 0 : 1)
  const tables = problem.classes.map((_, k) =>
    occupants.map((before) => occupants.map((after) => fitsBeside(problem, k, before, after))),
  )
  if (!tables.flat(2).includes(true)) return null
  return (classIndex, before, after) =>
    tables[classIndex]?.[position(before)]?.[position(after)] ?? false
}
