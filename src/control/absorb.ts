import { assert, must, unreachable } from '../base/assert.ts'
import { profileById } from '../core/mig/gpu-model.ts'
import type { Plan } from '../core/plan/plan.ts'
import { entriesFor } from './bindings.ts'
import type { Effect } from './effects.ts'
import type { ExecutorEvent, ExecutorEventKind } from './events.ts'
import {
  type AcceptedPlan,
  type ExecutorState,
  findInstance,
  type InferenceWorker,
  type InstanceState,
  type RetrainingWorker,
  tenantOf,
  withGpu,
  withInstance,
  withTenant,
  withWorker,
} from './executor-state.ts'
import { passesGate } from './gate.ts'
import { putJobAside } from './jobs.ts'
import { partnerOf } from './pairs.ts'
import { type Step, step } from './step.ts'

/** Destroys refused in a row ("in use") before the placement is given up, and the pause between. */
const refusalsMax = 20
const retrySeconds = 0.5

type EventOf<K extends ExecutorEventKind> = Extract<ExecutorEvent, { kind: K }>

/** Writes a fact into the state. What follows from it is decided by the rules, not here. */
export function absorb(state: ExecutorState, event: ExecutorEvent): Step {
  switch (event.kind) {
    case 'time-reached':
      return step({ ...state, timerSeconds: null })
    case 'plan-requested':
      return step({ ...state, frozen: { atSeconds: event.atSeconds, jobs: jobsOf(state) } })
    case 'plan-accepted':
      return step(acceptPlan(state, event.plan))
    case 'plan-refused':
      return step({ ...state, frozen: null })
    case 'operation-done':
    case 'operation-failed':
      return endOperation(state, event)
    case 'worker-ready':
    case 'serving':
    case 'server-drained':
    case 'worker-stopped':
    case 'version-loaded':
      return step(moveWorker(state, event.instanceId, event.kind))
    case 'worker-failed':
      return step(loseWorker(state, liveInstance(state, event.instanceId)), askAgain)
    case 'retraining-progress':
    case 'checkpointed':
      return step(noteProgress(state, event))
    case 'retraining-done':
      return step(finishRetraining(state, event))
    case 'version-measured':
      return judgeVersion(state, event)
    case 'version-withdrawn':
      return step(withTenant(state, { ...tenantOf(state, event.tenant), version: event.version }))
    case 'job-abandoned':
      return step(abandonJob(state, event.tenant))
    case 'instance-failed':
      return loseInstance(state, event.instanceId)
    case 'placement-recovered':
      return step(unblock(state, event.gpu, event.start))
    default:
      return unreachable(event)
  }
}

const askAgain: Effect = { kind: 'request-plan', reason: 'failure' }

function jobsOf(state: ExecutorState): ReadonlyMap<string, string> {
  return new Map(state.tenants.flatMap(({ id, job }) => (job === null ? [] : [[id, job.id]])))
}

/** Instances named as existing are claimed at once; the rest finds its own by `bindInstances`. */
function acceptPlan(state: ExecutorState, plan: Plan): ExecutorState {
  const isCutSo = plan.instances.every(({ gpu, share }) => {
    const { sharing } = must(state.gpus[gpu]).model
    return share.kind === (sharing === undefined ? 'mig' : 'mps')
  })
  assert(isCutSo, 'A plan shares a GPU as the GPU is shared')
  const accepted: AcceptedPlan = {
    plan,
    progress: plan.instances.map((planned) => {
      const { existing } = planned
      const instance = existing === null ? undefined : findInstance(state, existing)
      if (instance === undefined) return { instanceId: null, tenureIndex: 0 }
      return { ...entriesFor(state, instance, { planned, tenureIndex: 0 }), tenureIndex: 0 }
    }),
    // A tenure of a retraining that ended while the plan was being made stands for that one.
    jobs: state.frozen?.jobs ?? jobsOf(state),
    overrunsReported: [],
  }
  return { ...state, accepted, frozen: null }
}

function endOperation(
  state: ExecutorState,
  event: EventOf<'operation-done' | 'operation-failed'>,
): Step {
  const gpu = must(state.gpus[event.gpu])
  const { instanceId } = event
  const expected = gpu.operation
  assert(
    expected?.kind === event.operation && expected.instanceId === instanceId,
    `GPU ${event.gpu} has no ${event.operation} of ${instanceId} under way`,
  )
  const isDone = event.kind === 'operation-done'
  const instance = must(findInstance(state, instanceId))
  const idle = withGpu(state, event.gpu, { ...gpu, operation: null, refusals: 0 })
  if (event.operation === 'create') {
    if (!isDone) return step(blockAndForget(idle, instance), askAgain)
    return step(withInstance(idle, liveSince(instance, event.atSeconds)))
  }
  if (isDone) return step(forget(idle, instanceId))
  if (gpu.refusals + 1 >= refusalsMax) return step(blockAndForget(idle, instance), askAgain)
  const live = withInstance(idle, liveSince(instance, event.atSeconds))
  const retryFromSeconds = event.atSeconds + retrySeconds
  const refused = { ...gpu, operation: null, refusals: gpu.refusals + 1, retryFromSeconds }
  return step(withGpu(live, event.gpu, refused))
}

function liveSince(instance: InstanceState, nowSeconds: number): InstanceState {
  return { ...instance, phase: 'live', sinceSeconds: nowSeconds, idleSinceSeconds: nowSeconds }
}

function moveWorker(
  state: ExecutorState,
  instanceId: string,
  kind: 'worker-ready' | 'serving' | 'server-drained' | 'worker-stopped' | 'version-loaded',
): ExecutorState {
  const instance = liveInstance(state, instanceId)
  const worker = must(instance.worker, `${instanceId} has no worker`)
  // A worker that was told to stop may still answer what it was told before.
  if (kind === 'worker-stopped') {
    assert(worker.phase === 'stopping', `The worker on ${instanceId} was not told to stop`)
    return withWorker(state, instance, null)
  }
  if (worker.phase === 'stopping') return state
  const from = { 'worker-ready': 'starting', serving: 'cutting-over' } as const
  const legal = { ...from, 'server-drained': 'draining', 'version-loaded': 'switching' } as const
  assert(worker.phase === legal[kind], `${kind} of ${instanceId} while ${worker.phase}`)
  const sinceSeconds = state.nowSeconds
  if (worker.kind === 'retraining') {
    return withWorker(state, instance, { ...worker, phase: 'training', sinceSeconds })
  }
  const phase: InferenceWorker['phase'] =
    kind === 'worker-ready' ? 'ready' : kind === 'server-drained' ? 'drained' : 'serving'
  const { isBeside: _ended, ...own } = worker
  return withWorker(state, instance, { ...own, phase, sinceSeconds })
}

function noteProgress(
  state: ExecutorState,
  event: EventOf<'retraining-progress' | 'checkpointed'>,
): ExecutorState {
  const { instance, worker } = retrainingOn(state, event.instanceId)
  const tenant = tenantOf(state, worker.tenant)
  const { fraction } = event
  if (tenant.job === null || tenant.job.id !== worker.jobId) return state
  if (event.kind === 'retraining-progress') {
    return withTenant(state, { ...tenant, job: { ...tenant.job, fraction } })
  }
  const saved = { ...tenant.job, fraction, checkpointFraction: fraction, hasCheckpoint: true }
  const checkpointed = { ...worker, phase: 'checkpointed', sinceSeconds: event.atSeconds } as const
  return withWorker(withTenant(state, { ...tenant, job: saved }), instance, checkpointed)
}

/** Also right after a checkpoint was asked for: the last step came first. */
function finishRetraining(state: ExecutorState, event: EventOf<'retraining-done'>): ExecutorState {
  const { instance, worker } = retrainingOn(state, event.instanceId)
  const tenant = tenantOf(state, worker.tenant)
  assert(tenant.job?.id === worker.jobId, `${worker.jobId} is not the job of ${tenant.id}`)
  const candidate = { version: event.version, isMeasuring: false }
  const finished = { ...worker, phase: 'finished', sinceSeconds: event.atSeconds } as const
  return withWorker(withTenant(state, { ...tenant, job: null, candidate }), instance, finished)
}

function judgeVersion(state: ExecutorState, event: EventOf<'version-measured'>): Step {
  const tenant = tenantOf(state, event.tenant)
  const { version } = event
  assert(tenant.candidate?.version === version, `${version} is not being measured`)
  const isBetter = passesGate(event.measurement)
  const judged = { ...tenant, candidate: null, version: isBetter ? version : tenant.version }
  const kind = isBetter ? ('keep-version' as const) : ('reject-version' as const)
  return step(
    withTenant(state, judged),
    { kind, tenant: tenant.id, version },
    { kind: 'request-plan', reason: 'retraining-done' },
  )
}

function abandonJob(state: ExecutorState, tenantId: string): ExecutorState {
  const tenant = tenantOf(state, tenantId)
  assert(tenant.job?.instanceId === null, `${tenantId} has no waiting retraining`)
  return withTenant(state, { ...tenant, job: null })
}

function loseInstance(state: ExecutorState, instanceId: string): Step {
  const instance = must(findInstance(state, instanceId), `No instance ${instanceId}`)
  const gpu = must(state.gpus[instance.gpu])
  const isOperated = gpu.operation?.instanceId === instanceId
  const idle = isOperated ? withGpu(state, instance.gpu, { ...gpu, operation: null }) : state
  const partner = partnerOf(state, instance)
  const lost = blockAndForget(loseWorker(idle, instance), instance)
  return step(partner === null ? lost : forget(loseWorker(lost, partner), partner.id), askAgain)
}

function loseWorker(state: ExecutorState, instance: InstanceState): ExecutorState {
  const { worker } = instance
  const without = withWorker(state, instance, null)
  return worker?.kind === 'retraining' ? putJobAside(without, worker.tenant, worker.jobId) : without
}

function blockAndForget(state: ExecutorState, instance: InstanceState): ExecutorState {
  const gpu = must(state.gpus[instance.gpu])
  const { size } = profileById(gpu.model, instance.profileId)
  const blocked = [...gpu.blocked, { start: instance.start, size, reason: 'failed' as const }]
  return forget(withGpu(state, instance.gpu, { ...gpu, blocked }), instance.id)
}

function forget(state: ExecutorState, instanceId: string): ExecutorState {
  return { ...state, instances: state.instances.filter(({ id }) => id !== instanceId) }
}

function unblock(state: ExecutorState, index: number, start: number): ExecutorState {
  const gpu = must(state.gpus[index])
  return withGpu(state, index, {
    ...gpu,
    blocked: gpu.blocked.filter((blocked) => blocked.start !== start),
  })
}

function liveInstance(state: ExecutorState, id: string): InstanceState {
  const instance = must(findInstance(state, id), `No instance ${id}`)
  assert(instance.phase === 'live', `${id} is ${instance.phase}, so no worker can be on it`)
  return instance
}

function retrainingOn(
  state: ExecutorState,
  instanceId: string,
): { readonly instance: InstanceState; readonly worker: RetrainingWorker } {
  const instance = liveInstance(state, instanceId)
  const { worker } = instance
  assert(worker?.kind === 'retraining', `${instanceId} runs no retraining`)
  return { instance, worker }
}
