import { must } from '../base/assert.ts'
import type { ReconfigurationCosts, RunningInstance, RunningWorker } from '../core/plan/problem.ts'
import {
  type ExecutorState,
  findInstance,
  type InstanceState,
  type RetrainingJob,
  type RetrainingWorker,
  tenantOf,
} from './executor-state.ts'
import { gpuInstances, guestOf, hostOf, mainOf } from './pairs.ts'
import { desiredTenure } from './tenures.ts'

/** What a worker of each tenant takes to start, by the profile. */
export type StartTimes = {
  readonly id: string
  readonly inferenceStartSeconds: number
  readonly retrainingStartSeconds: number
  readonly checkpointRestoreSeconds: number
}

/**
 * The GPU instances a plan that starts at `startSeconds` will find, as far as one can tell now,
 * with the workers that will still be on them; times by the profile, not by the truth. Made from a
 * state in which a plan was requested, so nothing else begins until then. Where one worker takes
 * over from another, the instance is told with the one that has it, under that one's id.
 */
export function runningInstances(
  state: ExecutorState,
  expected: {
    readonly startSeconds: number
    readonly costs: ReconfigurationCosts
    readonly tenants: readonly StartTimes[]
  },
): readonly RunningInstance[] {
  return gpuInstances(state.instances)
    .filter((instance) => instance.phase !== 'destroying')
    .map((host) => {
      const guest = guestOf(state, host)
      const instance = guest === null ? host : mainOf(host, guest)
      const { id, gpu, profileId, start } = instance
      const ready = readyWorker(state, instance, expected)
      if (ready === null) return { id, gpu, profileId, start, worker: null }
      const { atSeconds, ...worker } = ready
      const readyInSeconds = Math.max(0, atSeconds - expected.startSeconds)
      return { id, gpu, profileId, start, worker: { ...worker, readyInSeconds } }
    })
}

/**
 * Which of these a retraining runs on; null while it waits, or only starts on one that somebody
 * else still has.
 */
export function instanceOfJob(state: ExecutorState, { instanceId }: RetrainingJob): string | null {
  const own = instanceId === null ? undefined : findInstance(state, instanceId)
  if (own === undefined) return null
  const host = hostOf(state, own) ?? own
  const guest = guestOf(state, host)
  return guest === null || mainOf(host, guest) === own ? own.id : null
}

type Expected = Parameters<typeof runningInstances>[1]
type ReadyWorker = Omit<RunningWorker, 'readyInSeconds'> & { readonly atSeconds: number }

function readyWorker(
  state: ExecutorState,
  instance: InstanceState,
  expected: Expected,
): ReadyWorker | null {
  const { worker } = instance
  if (worker === null) return workerToCome(state, instance, expected)
  const times = must(expected.tenants.find(({ id }) => id === worker.tenant))
  if (worker.kind === 'retraining') return readyRetraining(state, worker, times)
  const { cutOverSeconds } = expected.costs
  const inference = { tenant: worker.tenant, role: 'inference' } as const
  switch (worker.phase) {
    case 'starting': {
      const readyAt = worker.sinceSeconds + times.inferenceStartSeconds
      return { ...inference, atSeconds: Math.max(state.nowSeconds, readyAt) + cutOverSeconds }
    }
    // One that takes over may have been ready for a while.
    case 'ready':
      return { ...inference, atSeconds: state.nowSeconds + cutOverSeconds }
    case 'cutting-over':
      return { ...inference, atSeconds: worker.sinceSeconds + cutOverSeconds }
    case 'serving':
    case 'switching':
      return { ...inference, atSeconds: state.nowSeconds }
    case 'draining':
    case 'drained':
    case 'stopping':
      return null
  }
}

function readyRetraining(
  state: ExecutorState,
  worker: RetrainingWorker,
  times: StartTimes,
): ReadyWorker | null {
  const retraining = { tenant: worker.tenant, role: 'retraining' } as const
  if (worker.phase === 'training') return { ...retraining, atSeconds: state.nowSeconds }
  if (worker.phase !== 'starting') return null
  const isResumed = tenantOf(state, worker.tenant).job?.hasCheckpoint === true
  const restoreSeconds = isResumed ? times.checkpointRestoreSeconds : 0
  const readyAt = worker.sinceSeconds + times.retrainingStartSeconds + restoreSeconds
  return { ...retraining, atSeconds: Math.max(state.nowSeconds, readyAt) }
}

/** An instance that is still being created, or has just been, for a tenure that has begun. */
function workerToCome(
  state: ExecutorState,
  instance: InstanceState,
  { costs, tenants }: Expected,
): ReadyWorker | null {
  const tenure = desiredTenure(state, instance)
  if (tenure === null || tenure.role.kind === 'retraining') return null
  const times = must(tenants.find(({ id }) => id === tenure.tenant))
  const createdAt = instance.sinceSeconds + costs.createSeconds
  const existsAt = instance.phase === 'live' ? state.nowSeconds : createdAt
  return {
    tenant: tenure.tenant,
    role: 'inference',
    atSeconds:
      Math.max(state.nowSeconds, existsAt) + times.inferenceStartSeconds + costs.cutOverSeconds,
  }
}
