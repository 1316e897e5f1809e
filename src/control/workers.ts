import { unreachable } from '../base/assert.ts'
import type { Tenure } from '../core/plan/plan.ts'
import {
  type ExecutorState,
  type InferenceWorker,
  type InstanceState,
  type RetrainingWorker,
  tenantOf,
  type WorkerState,
  withTenant,
  withWorker,
} from './executor-state.ts'
import { putJobAside, startJob } from './jobs.ts'
import { isLeaving } from './pairs.ts'
import { hasMemoryFor, holdsTwoVersions, isHandingOver } from './share-handover.ts'
import { type Step, step } from './step.ts'
import { isTakenOver, mayRoute, mayStart } from './takeovers.ts'
import { desiredTenure } from './tenures.ts'

/** Ends the first worker, by one step, that its instance should no longer run. */
export function windDownWorker(state: ExecutorState): Step | null {
  for (const instance of state.instances) {
    const { worker } = instance
    if (worker === null || isWanted(state, instance, worker)) continue
    const ended =
      worker.kind === 'inference'
        ? windDownInference(state, instance, worker)
        : windDownRetraining(state, instance, worker)
    if (ended !== null) return ended
  }
  return null
}

/** Starts the worker that an instance should run and does not, if it can be started. */
export function startWorker(state: ExecutorState): Step | null {
  for (const instance of state.instances) {
    if (instance.phase !== 'live' || instance.worker !== null) continue
    if (!mayStart(state, instance)) continue
    const tenure = desiredTenure(state, instance)
    if (tenure === null) continue
    const { tenant, role } = tenure
    if (!hasMemoryFor(state, instance.gpu, { tenant, kind: role.kind })) continue
    const started =
      tenure.role.kind === 'inference'
        ? startInference(state, instance, tenure)
        : startJob(state, instance, tenure)
    if (started !== null) return started
  }
  return null
}

/**
 * A worker that is ready serves at once: a pre-initialised instance need not wait, unless it is
 * shared with somebody who still has it.
 */
export function routeWorker(state: ExecutorState): Step | null {
  for (const instance of state.instances) {
    const { worker } = instance
    if (worker?.kind !== 'inference' || worker.phase !== 'ready') continue
    if (!mayRoute(state, instance)) continue
    const routed = inPhase(state, instance, worker, 'cutting-over')
    return step(routed, {
      kind: 'route-add',
      instanceId: instance.id,
      tenant: worker.tenant,
    })
  }
  return null
}

/** Rolls a tenant's newest version out, one serving instance at a time. */
export function switchVersion(state: ExecutorState): Step | null {
  for (const tenant of state.tenants) {
    const own = state.instances.flatMap((instance) =>
      instance.worker?.kind === 'inference' && instance.worker.tenant === tenant.id
        ? [{ instance, worker: instance.worker }]
        : [],
    )
    if (own.some(({ worker }) => worker.phase === 'switching')) continue
    const behind = own.find(
      ({ instance, worker }) =>
        worker.phase === 'serving' &&
        worker.version !== tenant.version &&
        !isTakenOver(state, instance),
    )
    if (behind === undefined) continue
    const { instance, worker } = behind
    const isBeside = holdsTwoVersions(state, instance, tenant.id) ? { isBeside: true as const } : {}
    const loading = { ...worker, version: tenant.version, ...isBeside }
    return step(inPhase(state, instance, loading, 'switching'), {
      kind: 'load-version',
      instanceId: instance.id,
      version: tenant.version,
      ...isBeside,
    })
  }
  return null
}

/** Has a finished retraining judged. */
export function measureCandidate(state: ExecutorState): Step | null {
  for (const tenant of state.tenants) {
    const { candidate } = tenant
    if (candidate === null || candidate.isMeasuring) continue
    const measuring = withTenant(state, {
      ...tenant,
      candidate: { ...candidate, isMeasuring: true },
    })
    return step(measuring, {
      kind: 'measure-version',
      tenant: tenant.id,
      version: candidate.version,
    })
  }
  return null
}

/** Whether the worker is what the plan wants on its instance now. */
function isWanted(state: ExecutorState, instance: InstanceState, worker: WorkerState): boolean {
  if (worker.kind === 'inference' && isHandingOver(state, instance, worker)) return true
  const tenure = desiredTenure(state, instance)
  if (tenure === null || tenure.tenant !== worker.tenant) return state.accepted === null
  if (tenure.role.kind !== worker.kind) return false
  if (worker.kind === 'inference') return !isLeaving(worker)
  return worker.phase !== 'finished' && worker.phase !== 'checkpointed'
}

function windDownInference(
  state: ExecutorState,
  instance: InstanceState,
  worker: InferenceWorker,
): Step | null {
  switch (worker.phase) {
    case 'serving':
      return step(inPhase(state, instance, worker, 'draining'), {
        kind: 'route-drain',
        instanceId: instance.id,
        tenant: worker.tenant,
      })
    case 'starting':
    case 'ready':
    case 'drained':
      return stop(state, instance, worker)
    // Short and not to be interrupted: seen again when they are over.
    case 'cutting-over':
    case 'switching':
    case 'draining':
    case 'stopping':
      return null
    default:
      return unreachable(worker.phase)
  }
}

function windDownRetraining(
  state: ExecutorState,
  instance: InstanceState,
  worker: RetrainingWorker,
): Step | null {
  switch (worker.phase) {
    case 'training': {
      const saving = { ...worker, phase: 'checkpointing', sinceSeconds: state.nowSeconds } as const
      return step(withWorker(state, instance, saving), {
        kind: 'checkpoint',
        instanceId: instance.id,
        jobId: worker.jobId,
      })
    }
    case 'starting':
    case 'checkpointed':
      return stop(putJobAside(state, worker.tenant, worker.jobId), instance, worker)
    case 'finished':
      return stop(state, instance, worker)
    case 'checkpointing':
    case 'stopping':
      return null
    default:
      return unreachable(worker.phase)
  }
}

function stop(state: ExecutorState, instance: InstanceState, worker: WorkerState): Step {
  const stopping = { ...worker, phase: 'stopping', sinceSeconds: state.nowSeconds } as const
  return step(withWorker(state, instance, stopping), {
    kind: 'stop-worker',
    instanceId: instance.id,
  })
}

function startInference(state: ExecutorState, instance: InstanceState, tenure: Tenure): Step {
  const { version } = tenantOf(state, tenure.tenant)
  const worker: InferenceWorker = {
    kind: 'inference',
    tenant: tenure.tenant,
    version,
    phase: 'starting',
    sinceSeconds: state.nowSeconds,
  }
  return step(withWorker(state, instance, worker), {
    kind: 'start-worker',
    instanceId: instance.id,
    tenant: tenure.tenant,
    task: { kind: 'inference', version },
  })
}

function inPhase(
  state: ExecutorState,
  instance: InstanceState,
  worker: InferenceWorker,
  phase: InferenceWorker['phase'],
): ExecutorState {
  return withWorker(state, instance, { ...worker, phase, sinceSeconds: state.nowSeconds })
}
