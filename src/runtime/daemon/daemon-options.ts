import type { ExecutorState } from '../../control/executor-state.ts'
import type { SafetyModel } from '../../control/safety.ts'
import type { ServiceTable } from '../../core/workload/service-table.ts'
import type { KeptJobs } from './kept-jobs.ts'
import type { NodePlanner } from './node-desk.ts'
import type { RunClock } from './run-clock.ts'
import type { TrafficLog } from './traffic-log.ts'
import type { WorldContext } from './world-context.ts'

/** Everything a daemon works with; arrays are parallel to the site's GPUs or tenants. */
export type DaemonOptions = Omit<WorldContext, 'now' | 'tell' | 'stateNow' | 'blockGpu'> & {
  readonly clock: RunClock
  /** What is there already, and the same as `control/safety.ts` sees it. */
  readonly state: ExecutorState
  readonly safety: SafetyModel
  readonly planner: NodePlanner
  readonly services: readonly ServiceTable[]
  readonly traffic: TrafficLog
  readonly keptJobs: KeptJobs
  /** Requests in each second before the run. */
  readonly history: readonly Float64Array[]
  readonly isAdvisory: boolean
  /** How long the run is to last; null: until it is ended. */
  readonly runSeconds: number | null
}
