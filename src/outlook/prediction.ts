import { must } from '../base/assert.ts'
import { classIndexIn } from '../control/class-index.ts'
import type { ExecutorState } from '../control/executor-state.ts'
import type { Plan } from '../core/plan/plan.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { valueOf } from '../core/plan/value.ts'
import type { Site } from '../core/site.ts'
import { inTimeRps } from '../core/workload/service-table.ts'
import type { Foreseen } from './tenant-values.ts'

/** What the plan in force at a window's start promised a tenant for that window. */
export type Prediction = { readonly goodput: number | null; readonly arrived: number }

/** Until the plan starts what serves goes on; then what the plan is worth. */
export function predictionsOf(
  site: Site,
  problem: PlanningProblem,
  plan: Plan,
  held: {
    readonly nowSeconds: number
    readonly state: ExecutorState
    readonly foreseen: readonly Foreseen[]
  },
): readonly Prediction[] {
  return valueOf(problem, plan).tenants.map((value, index) => {
    const { perSecond, forecast } = must(held.foreseen[index]).arrivals
    const tenant = must(problem.tenants[index])
    const counts = servingCounts(site, held.state, tenant.id)
    let arrived = value.arrivals
    let right = (value.goodput ?? 0) * value.arrivals
    for (let at = Math.floor(held.nowSeconds); at < problem.startSeconds; at += 1) {
      const rps = must(perSecond.meanRps[at - perSecond.fromSecond])
      const answered = inTimeRps(tenant.service, counts, rps, forecast.dispersion)
      arrived += rps
      right += answered * (tenant.accuracyDeployed[0] ?? 0)
    }
    return { goodput: arrived > 0 ? right / arrived : null, arrived }
  })
}

/** Instances of each class that serve a tenant now. */
function servingCounts(site: Site, state: ExecutorState, tenant: string): readonly number[] {
  const counts = site.classes.map(() => 0)
  for (const { gpu, profileId, worker } of state.instances) {
    if (worker?.kind !== 'inference' || worker.tenant !== tenant) continue
    if (worker.phase !== 'serving' && worker.phase !== 'switching') continue
    const index = classIndexIn(site, gpu, profileId)
    counts[index] = must(counts[index]) + 1
  }
  return counts
}
