import type { PlanningProblem, RunningInstance } from '../../core/plan/problem.ts'

/** An instance that somebody is to get; its size is in compute slices (per cent, for shares). */
export type Wanted = {
  readonly size: number
  readonly tenantIndex: number
  readonly role: 'inference' | 'retraining'
}

/** Whether an instance that runs already serves whoever wants it: nothing would have to start. */
export function isServedBy(
  problem: PlanningProblem,
  { tenantIndex, role }: Wanted,
  running: RunningInstance,
): boolean {
  const { worker } = running
  return (
    role === 'inference' &&
    worker?.role === 'inference' &&
    worker.tenant === problem.tenants[tenantIndex]?.id
  )
}
