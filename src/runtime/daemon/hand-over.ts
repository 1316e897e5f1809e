import { must } from '../../base/assert.ts'
import { classIndexIn } from '../../control/class-index.ts'
import { findInstance } from '../../control/executor-state.ts'
import type { Site } from '../../core/site.ts'
import type { RouterState } from '../router/protocol.ts'
import type { NodeBook } from './node-book.ts'
import type { NodeWorld } from './node-world.ts'
import type { Rebuilt } from './rebuild-state.ts'

/** Tells the new daemon's world which instances and workers control's books speak of. */
export function handOver(
  world: NodeWorld,
  rebuilt: Rebuilt,
  from: {
    readonly site: Site
    readonly book: NodeBook
    readonly servers: RouterState['servers']
  },
): void {
  const { state, owned, workers, trained } = rebuilt
  const { site, book, servers } = from
  for (const [instanceId, own] of owned) world.instances.take(instanceId, own)
  for (const [instanceId, { job, workerId }] of trained) {
    if (workerId === null) continue
    // What it said last is told once more, and is judged as if it had just been said.
    const own = { workerId, jobId: job.id, beganSeconds: null, isTraining: true }
    world.retraining.take({ ...placeOf(site, rebuilt, instanceId), ...own })
    book.loseTime(job.id)
  }
  for (const { job } of state.tenants) {
    // A checkpoint of a trainer whose end nobody saw.
    if (job?.instanceId === null && book.job(job.id).workSinceSeconds !== null) {
      book.loseTime(job.id)
    }
  }
  for (const [instanceId, view] of workers) {
    const { worker } = must(findInstance(state, instanceId))
    const workerId = view.spec.id
    const common = { ...placeOf(site, rebuilt, instanceId), workerId }
    if (worker?.kind === 'inference') {
      const isRouted = servers.some(({ settings }) => settings.serverId === workerId)
      world.serving.take({ ...common, version: worker.version, url: view.url, isRouted })
    } else if (worker?.kind === 'retraining') {
      const { jobId, phase } = worker
      const beganSeconds = book.job(jobId).workSinceSeconds
      world.retraining.take({ ...common, jobId, beganSeconds, isTraining: phase === 'training' })
    }
  }
}

/** Versions that the daemon before this one took in and did not come to judge. */
export function judgeTakenIn(world: NodeWorld, rebuilt: Rebuilt, site: Site): void {
  for (const [instanceId, { job, workerId }] of rebuilt.trained) {
    if (workerId !== null) continue
    world.retraining.judge({ ...placeOf(site, rebuilt, instanceId), jobId: job.id })
  }
}

function placeOf(
  site: Site,
  { state }: Rebuilt,
  instanceId: string,
): { readonly instanceId: string; readonly tenant: number; readonly classIndex: number } {
  const { gpu, profileId, worker } = must(findInstance(state, instanceId))
  const tenant = site.tenants.findIndex(({ id }) => id === worker?.tenant)
  return { instanceId, tenant, classIndex: classIndexIn(site, gpu, profileId) }
}
