import { must } from '../base/assert.ts'
import { type GpuModel, profileById } from '../core/mig/gpu-model.ts'
import { checkLayout } from '../core/mig/layout.ts'
import { sliceMask } from '../core/mig/placement.ts'
import type { Effect } from './effects.ts'
import type { ExecutorEvent } from './events.ts'
import {
  hasMemoryBeside,
  holdsTwoVersions,
  isAlone,
  partnerIdOf,
  watchLeave,
  watchRoute,
  watchShare,
} from './safety-takeovers.ts'
import { sharedMemoryMiB } from './share-handover.ts'
import {
  demand,
  inPhase,
  isIdle,
  moved,
  type SharingRules,
  type Watched,
  type WatchedNode,
  type WatchedWorker,
  withInstance,
  withOperating,
  without,
  withPhase,
  workers,
} from './watched-node.ts'

/**
 * What must hold whatever happens, judged from the wishes and facts alone, never from the
 * executor's own books: no two GPU instances overlap or lie on blocked slices, operations are
 * serial on a GPU, a worker is started only on a live instance without one, nothing that serves is
 * stopped before it is drained, nothing that trains before it is checkpointed or done, nothing is
 * destroyed under a worker, a tenant trains in one place, and swaps its version in one place, at a
 * time; on a shared GPU percentages add up, but for a handover that makes first, and so does
 * memory; and on a GPU instance two workers are only while one takes over from the other, where its
 * memory is known to hold both, and never do both serve.
 */
export type SafetyModel = WatchedNode

export function safetyModel(
  gpus: readonly GpuModel[],
  sharing: SharingRules = { handover: 'break-first', memory: new Map() },
): SafetyModel {
  return { gpus, sharing, operating: gpus.map(() => null), blocked: [], instances: new Map() }
}

/** The rules that a wish breaks, in sentences, and the model with the wish under way. */
export function watchEffect(model: SafetyModel, effect: Effect): Watched {
  switch (effect.kind) {
    case 'create-instance':
      return watchCreate(model, effect)
    case 'destroy-instance': {
      const found = model.instances.get(effect.instanceId)
      const breaches = [
        ...demand(found?.phase === 'live', `${effect.instanceId} is destroyed but not live`),
        ...demand(found?.worker === null, `${effect.instanceId} is destroyed under its worker`),
        ...demand(isAlone(model, effect.instanceId), `${effect.instanceId} is destroyed as shared`),
        ...demand(isIdle(model, effect.gpu), `GPU ${effect.gpu} has two operations at a time`),
      ]
      const busy = withOperating(model, effect.gpu, effect.instanceId)
      return { model: withPhase(busy, effect.instanceId, 'destroying'), breaches }
    }
    case 'share-instance':
      return watchShare(model, effect)
    case 'leave-instance':
      return watchLeave(model, effect)
    case 'start-worker':
      return watchStart(model, effect)
    case 'route-add':
      return watchRoute(model, effect.instanceId)
    case 'route-drain':
      return moved(model, effect.instanceId, ['serving'], 'draining')
    case 'stop-worker': {
      const stoppable = ['starting', 'ready', 'drained', 'checkpointed', 'finished'] as const
      return moved(model, effect.instanceId, stoppable, 'stopping')
    }
    case 'load-version': {
      const tenant = model.instances.get(effect.instanceId)?.worker?.tenant
      const switching = workers(model).filter((worker) => worker.phase === 'switching')
      const isOnly = switching.every((worker) => worker.tenant !== tenant)
      const watched = moved(model, effect.instanceId, ['serving'], 'switching')
      const breaches = [
        ...demand(isOnly, `${tenant} swaps its version in two places at a time`),
        ...demand(
          effect.isBeside !== true || holdsTwoVersions(model, effect.instanceId),
          `${effect.instanceId} has no room for two versions`,
        ),
      ]
      return { model: watched.model, breaches: [...watched.breaches, ...breaches] }
    }
    case 'checkpoint':
      return moved(model, effect.instanceId, ['training'], 'checkpointing')
    default:
      return { model, breaches: [] }
  }
}

/** The model after a fact. */
export function watchEvent(model: SafetyModel, event: ExecutorEvent): SafetyModel {
  switch (event.kind) {
    case 'operation-done':
    case 'operation-failed': {
      const idle = withOperating(model, event.gpu, null)
      const isCreated = event.operation === 'create' && event.kind === 'operation-done'
      const isKept = event.operation === 'destroy' && event.kind === 'operation-failed'
      if (isCreated || isKept) return withPhase(idle, event.instanceId, 'live')
      return without(idle, event.instanceId)
    }
    case 'worker-ready': {
      const role = model.instances.get(event.instanceId)?.worker?.role
      return inPhase(model, event.instanceId, role === 'inference' ? 'ready' : 'training')
    }
    case 'serving':
    case 'version-loaded':
      return inPhase(model, event.instanceId, 'serving')
    case 'server-drained':
      return inPhase(model, event.instanceId, 'drained')
    case 'checkpointed':
      return inPhase(model, event.instanceId, 'checkpointed')
    case 'retraining-done':
      return inPhase(model, event.instanceId, 'finished')
    case 'worker-stopped':
    case 'worker-failed':
      return withInstance(model, event.instanceId, (instance) => ({ ...instance, worker: null }))
    case 'instance-failed':
      return fail(model, event.instanceId)
    case 'placement-recovered':
      return {
        ...model,
        blocked: model.blocked.filter(
          (blocked) => blocked.gpu !== event.gpu || blocked.start !== event.start,
        ),
      }
    default:
      return model
  }
}

function watchCreate(
  model: SafetyModel,
  effect: Extract<Effect, { kind: 'create-instance' }>,
): Watched {
  const { gpu, instanceId, profileId, start } = effect
  const gpuModel = must(model.gpus[gpu])
  const profile = profileById(gpuModel, profileId)
  const here = [...model.instances.values()].filter(
    (instance) => instance.gpu === gpu && instance.besides === undefined,
  )
  const placed = here.map((instance) => ({
    profile: profileById(gpuModel, instance.profileId),
    start: instance.start,
  }))
  const isSeated = gpuModel.sharing !== undefined && model.sharing.handover === 'make-first'
  const beside = isSeated ? placed.filter((own) => own.start === start) : placed
  const problem = checkLayout(gpuModel, [...beside, { profile, start }])
  const mask = sliceMask(profile, start)
  const onBlocked = model.blocked.some((own) => own.gpu === gpu && (own.mask & mask) !== 0)
  const breaches = [
    ...demand(problem === null, `${instanceId} cannot exist beside the others: ${problem?.kind}`),
    ...demand(!onBlocked, `${instanceId} lies on blocked slices`),
    ...demand(isIdle(model, gpu), `GPU ${gpu} has two operations at a time`),
    ...demand(!model.instances.has(instanceId), `${instanceId} exists already`),
  ]
  const instance = { gpu, profileId, start, phase: 'creating', worker: null } as const
  const instances = new Map(model.instances).set(instanceId, instance)
  return { model: withOperating({ ...model, instances }, gpu, instanceId), breaches }
}

function watchStart(
  model: SafetyModel,
  effect: Extract<Effect, { kind: 'start-worker' }>,
): Watched {
  const { instanceId, tenant, task } = effect
  const found = model.instances.get(instanceId)
  const gpu = found?.gpu ?? 0
  const trains = workers(model).some(
    (worker) => worker.role === 'retraining' && worker.tenant === tenant,
  )
  const breaches = [
    ...demand(found?.phase === 'live', `A worker is started on ${instanceId}, which is not live`),
    ...demand(found?.worker === null, `${instanceId} gets a second worker`),
    ...demand(task.kind === 'inference' || !trains, `${tenant} trains in two places at a time`),
    ...demand(hasMemory(model, gpu, { tenant, role: task.kind }), `GPU ${gpu} is out of memory`),
    ...demand(
      hasMemoryBeside(model, instanceId, { tenant, role: task.kind }),
      `No memory is known to hold a worker of ${tenant} on ${instanceId} beside the other one`,
    ),
  ]
  const worker = { role: task.kind, tenant, phase: 'starting' } as const
  return {
    model: withInstance(model, instanceId, (instance) => ({ ...instance, worker })),
    breaches,
  }
}

function hasMemory(
  model: SafetyModel,
  gpu: number,
  worker: Pick<WatchedWorker, 'tenant' | 'role'>,
): boolean {
  const memoryMiB = sharedMemoryMiB(must(model.gpus[gpu]))
  const here = [...model.instances.values()].filter((instance) => instance.gpu === gpu)
  const all = [worker, ...here.flatMap((instance) => instance.worker ?? [])]
  const needs = all.map(({ tenant, role }) => {
    const need = model.sharing.memory.get(tenant)
    return (role === 'inference' ? need?.inferenceMiB : need?.retrainingMiB) ?? 0
  })
  return memoryMiB === null || needs.reduce((sum, need) => sum + need, 0) <= memoryMiB
}

function fail(model: SafetyModel, instanceId: string): SafetyModel {
  const found = must(model.instances.get(instanceId))
  const profile = profileById(must(model.gpus[found.gpu]), found.profileId)
  const isOperated = model.operating[found.gpu] === instanceId
  const idle = isOperated ? withOperating(model, found.gpu, null) : model
  const mask = sliceMask(profile, found.start)
  const blocked = [...idle.blocked, { gpu: found.gpu, start: found.start, mask }]
  const partner = partnerIdOf(idle, instanceId)
  const left = partner === null ? idle : without(idle, partner)
  return without({ ...left, blocked }, instanceId)
}
