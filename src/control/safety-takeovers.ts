import { must } from '../base/assert.ts'
import type { Effect } from './effects.ts'
import { holdsTogether } from './instance-memory.ts'
import {
  demand,
  moved,
  type Watched,
  type WatchedNode,
  type WatchedWorker,
  withInstance,
  without,
} from './watched-node.ts'

export function watchShare(
  model: WatchedNode,
  { instanceId, with: hostId }: Extract<Effect, { kind: 'share-instance' }>,
): Watched {
  const host = model.instances.get(hostId)
  const breaches = [
    ...demand(host?.phase === 'live', `${hostId} is shared but not live`),
    ...demand(host?.worker != null, `${hostId} is shared while nobody is there`),
    ...demand(isAlone(model, hostId), `${hostId} is to hold three`),
    ...demand(!model.instances.has(instanceId), `${instanceId} exists already`),
  ]
  if (host === undefined) return { model, breaches }
  const guest = { ...host, worker: null, besides: hostId }
  return {
    model: { ...model, instances: new Map(model.instances).set(instanceId, guest) },
    breaches,
  }
}

export function watchLeave(
  model: WatchedNode,
  { instanceId, to }: Extract<Effect, { kind: 'leave-instance' }>,
): Watched {
  const found = model.instances.get(instanceId)
  const breaches = [
    ...demand(found?.worker === null, `${instanceId} is left under its worker`),
    ...demand(partnerIdOf(model, instanceId) === to, `${instanceId} does not share ${to}`),
  ]
  const left = withInstance(model, to, ({ besides: _, ...own }) => own)
  return { model: without(left, instanceId), breaches }
}

export function watchRoute(model: WatchedNode, instanceId: string): Watched {
  const watched = moved(model, instanceId, ['ready'], 'cutting-over')
  const isSecond = model.instances.get(instanceId)?.besides !== undefined
  const other = partnerWorkerOf(model, instanceId)
  const isToGo =
    other === null ||
    (isSecond && other.role === 'inference' && other.phase !== 'switching') ||
    (!isSecond && (other.role === 'retraining' || !isRouted(other)))
  const breaches = demand(isToGo, `${instanceId} is routed to while its other worker is at work`)
  return { model: watched.model, breaches: [...watched.breaches, ...breaches] }
}

/** What must hold once every wish of a moment has been told. */
export function breachesAtRest(model: WatchedNode): readonly string[] {
  return [...model.instances.keys()].flatMap((id) => {
    const { besides, worker = null } = model.instances.get(id) ?? {}
    const other = partnerWorkerOf(model, id)
    const serveBoth = [worker, other].every((own) => own !== null && isServing(own))
    return demand(besides === undefined || !serveBoth, `${id} serves together with ${besides}`)
  })
}

function isServing({ phase }: WatchedWorker): boolean {
  return phase === 'serving' || phase === 'switching'
}

function isRouted(worker: WatchedWorker): boolean {
  return isServing(worker) || worker.phase === 'cutting-over'
}

export function partnerIdOf(model: WatchedNode, instanceId: string): string | null {
  const host = model.instances.get(instanceId)?.besides
  if (host !== undefined) return host
  const guest = [...model.instances].find(([, { besides }]) => besides === instanceId)
  return guest?.[0] ?? null
}

function partnerWorkerOf(model: WatchedNode, instanceId: string): WatchedWorker | null {
  return model.instances.get(partnerIdOf(model, instanceId) ?? '')?.worker ?? null
}

export function isAlone(model: WatchedNode, instanceId: string): boolean {
  return partnerIdOf(model, instanceId) === null
}

export function hasMemoryBeside(
  model: WatchedNode,
  instanceId: string,
  worker: Pick<WatchedWorker, 'tenant' | 'role'>,
): boolean {
  const other = partnerWorkerOf(model, instanceId)
  return other === null || fitTogether(model, instanceId, [worker, other])
}

export function holdsTwoVersions(model: WatchedNode, instanceId: string): boolean {
  const { worker = null } = model.instances.get(instanceId) ?? {}
  const isOnly = partnerWorkerOf(model, instanceId) === null
  return worker !== null && isOnly && fitTogether(model, instanceId, [worker, worker])
}

function fitTogether(
  model: WatchedNode,
  instanceId: string,
  both: readonly Pick<WatchedWorker, 'tenant' | 'role'>[],
): boolean {
  const { gpu, profileId } = must(model.instances.get(instanceId))
  const { instanceMemory = null } = model.sharing
  return holdsTogether(
    instanceMemory,
    { model: must(model.gpus[gpu]), profileId },
    both.map(({ tenant, role }) => ({ tenant, kind: role })),
  )
}
