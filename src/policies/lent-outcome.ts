import type { PlanOutcome } from '../core/plan/outcome.ts'
import type { Plan, PlannedInstance, Tenure } from '../core/plan/plan.ts'
import { placeOfShare } from '../core/plan/plan.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { classIndexOf } from '../core/plan/slots.ts'
import { fitsBeside, lendWhereItFits, occupantOf } from '../core/plan/takeover.ts'
import { valueOf } from '../core/plan/value.ts'

/**
 * A legal plan made without a thought of takeovers, with those that its changes allow: of holders
 * in it, and of the workers that serve as it begins, which it gives no time of their own.
 */
export function lentOutcome(problem: PlanningProblem, outcome: PlanOutcome): PlanOutcome {
  if (problem.takeovers === undefined) return outcome
  const lent = (plan: Plan): Plan => {
    const instances = plan.instances.map((own) => servedOn(problem, own))
    return lendWhereItFits(problem, { ...plan, instances })
  }
  if (outcome.status === 'infeasible') {
    return outcome.nearest === undefined ? outcome : { ...outcome, nearest: lent(outcome.nearest) }
  }
  const plan = lent(outcome.plan)
  const { objective } = valueOf(problem, plan)
  return { ...outcome, status: 'feasible', plan, objective, bound: null, gap: null }
}

/** Who serves there as the plan begins goes on until the first tenure serves or trains. */
function servedOn(problem: PlanningProblem, instance: PlannedInstance): PlannedInstance {
  const { startSeconds, running } = problem
  const [first] = instance.tenures
  const worker = running.find(({ id }) => id === instance.existing)?.worker ?? null
  if (first === undefined || worker === null) return instance
  if (worker.role !== 'inference' || worker.readyInSeconds > 0) return instance
  if (first.initialiseFromSeconds > startSeconds || first.serveFromSeconds <= startSeconds) {
    return instance
  }
  const before: Tenure = {
    tenant: worker.tenant,
    role: { kind: 'inference' },
    initialiseFromSeconds: startSeconds,
    serveFromSeconds: startSeconds,
    until: { kind: 'time', atSeconds: first.serveFromSeconds },
  }
  const classIndex = classIndexOf(problem, instance.gpu, placeOfShare(instance.share).profileId)
  const [leaving, coming] = [occupantOf(problem, before), occupantOf(problem, first)]
  if (leaving === null || coming === null) return instance
  if (leaving.tenantIndex === coming.tenantIndex && coming.kind === 'inference') return instance
  if (!fitsBeside(problem, classIndex, leaving, coming)) return instance
  return { ...instance, tenures: [before, ...instance.tenures] }
}
