import { assert, must } from '../base/assert.ts'
import type { Tenure } from '../core/plan/plan.ts'
import {
  type ExecutorState,
  type InstanceState,
  type RetrainingJob,
  type RetrainingWorker,
  tenantOf,
  withTenant,
  withWorker,
} from './executor-state.ts'
import { type Step, step } from './step.ts'

/**
 * Starts a tenant's retraining on an instance, or carries it on from its checkpoint; null while it
 * cannot: a worker of it has not stopped elsewhere, the last one's version is being judged, or a
 * plan is being made that knows nothing of it.
 */
export function startJob(
  state: ExecutorState,
  instance: InstanceState,
  tenure: Tenure,
): Step | null {
  const tenant = tenantOf(state, tenure.tenant)
  const isAtWork = state.instances.some(
    ({ worker }) => worker?.kind === 'retraining' && worker.tenant === tenant.id,
  )
  if (tenant.candidate !== null || isAtWork || state.frozen !== null) return null
  const job = tenant.job ?? newJob(state, tenure)
  const isNew = tenant.job === null
  const running: RetrainingJob = { ...job, instanceId: instance.id, waitingSinceSeconds: null }
  const worker: RetrainingWorker = {
    kind: 'retraining',
    tenant: tenant.id,
    jobId: job.id,
    phase: 'starting',
    sinceSeconds: state.nowSeconds,
  }
  const withJob = withTenant(
    { ...state, jobsMade: state.jobsMade + (isNew ? 1 : 0) },
    { ...tenant, job: running },
  )
  const accepted = must(withJob.accepted)
  const jobs = new Map(accepted.jobs).set(tenant.id, job.id)
  return step(withWorker({ ...withJob, accepted: { ...accepted, jobs } }, instance, worker), {
    kind: 'start-worker',
    instanceId: instance.id,
    tenant: tenant.id,
    task: {
      kind: 'retraining',
      jobId: job.id,
      configurationId: job.configurationId,
      resumes: job.hasCheckpoint,
    },
  })
}

/** The job leaves its instance and waits as its last checkpoint; without one nothing is left. */
export function putJobAside(state: ExecutorState, tenantId: string, jobId: string): ExecutorState {
  const tenant = tenantOf(state, tenantId)
  const { job } = tenant
  if (job === null || job.id !== jobId) return state
  const waiting: RetrainingJob = {
    ...job,
    instanceId: null,
    waitingSinceSeconds: state.nowSeconds,
    fraction: job.checkpointFraction,
  }
  return withTenant(state, { ...tenant, job: job.hasCheckpoint ? waiting : null })
}

/** Asks for a plan once for each retraining that outlives the time its plan gave it. */
export function reportOverrun(state: ExecutorState): Step | null {
  const { accepted } = state
  if (accepted === null || state.frozen !== null) return null
  for (const { job } of state.tenants) {
    if (job?.instanceId == null || accepted.overrunsReported.includes(job.id)) continue
    if (!isPastLatest(state, job.instanceId)) continue
    const overrunsReported = [...accepted.overrunsReported, job.id]
    const told = { ...state, accepted: { ...accepted, overrunsReported } }
    return step(told, { kind: 'request-plan', reason: 'overrun' })
  }
  return null
}

function isPastLatest(state: ExecutorState, instanceId: string): boolean {
  const accepted = must(state.accepted)
  return accepted.plan.instances.some((planned, index) => {
    const progress = must(accepted.progress[index])
    const tenure = planned.tenures[progress.tenureIndex]
    if (progress.instanceId !== instanceId || tenure === undefined) return false
    const { role, until } = tenure
    if (role.kind !== 'retraining' || until.kind !== 'retraining-done') return false
    return state.nowSeconds >= until.latestSeconds - 1e-6
  })
}

function newJob(state: ExecutorState, tenure: Tenure): RetrainingJob {
  assert(tenure.role.kind === 'retraining', 'A job is made for a retraining tenure')
  return {
    id: `${tenure.tenant}/job-${state.jobsMade + 1}`,
    configurationId: tenure.role.configurationId,
    startedSeconds: state.nowSeconds,
    instanceId: null,
    waitingSinceSeconds: null,
    fraction: 0,
    checkpointFraction: 0,
    hasCheckpoint: false,
  }
}
