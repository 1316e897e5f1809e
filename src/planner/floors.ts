import { must } from '../base/assert.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import type { PlanValue } from '../core/plan/value.ts'

/**
 * Which floors the best plan found misses, and what it reaches: one sentence a tenant, so that the
 * reader knows which limit to lower, and to what. Null if all are met.
 */
export function missedFloors(problem: PlanningProblem, value: PlanValue): string | null {
  const missed = problem.tenants.flatMap(({ id, sloAttainmentMin }, index) => {
    const { sloAttainment } = must(value.tenants[index])
    if (sloAttainmentMin === null || sloAttainment === null) return []
    if (sloAttainment >= sloAttainmentMin - 1e-9) return []
    const reached = Math.floor(sloAttainment * 1000) / 10
    return [
      `${id} cannot have ${percent(sloAttainmentMin)} of its requests answered in time in this ` +
        `window; the nearest found is ${reached} %`,
    ]
  })
  return missed.length === 0 ? null : missed.join('; ')
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`
}
