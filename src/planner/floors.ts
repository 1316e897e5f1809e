import { must } from '../base/assert.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import type { PlanValue } from '../core/plan/value.ts'

/**
 * Why there is no plan, where the nearest one found misses floors: which tenants, what they reach,
 * and so which floors would do, for the nearest plan keeps those. Null if it misses none. `proof`
 * says so where it is certain that no plan can keep all.
 */
export function missedFloors(
  problem: PlanningProblem,
  value: PlanValue,
  proof: string | null = null,
): string | null {
  const missed = problem.tenants.flatMap(({ id, sloAttainmentMin }, index) => {
    const { sloAttainment } = must(value.tenants[index])
    if (sloAttainmentMin === null || sloAttainment === null) return []
    if (sloAttainment >= sloAttainmentMin - 1e-9) return []
    const reached = `${Math.floor(sloAttainment * 1000) / 10} %`
    return [`${id} ${reached} of the ${percent(sloAttainmentMin)} asked for`]
  })
  if (missed.length === 0) return null
  const head = proof ?? 'No plan was found that keeps every floor on SLO attainment'
  const lower = missed.length === 1 ? 'that floor' : 'these floors'
  return (
    `${head}: the nearest gives ${listed(missed)}; with ${lower} (sloAttainmentMin) lowered ` +
    'to what it gives, there is a plan'
  )
}

function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join() : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`
}
