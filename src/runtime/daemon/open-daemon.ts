import { join } from 'node:path'
import { must } from '../../base/assert.ts'
import type { Site } from '../../core/site.ts'
import type { ServiceTable } from '../../core/workload/service-table.ts'
import { DeviceError } from '../../devices/device-error.ts'
import type { Applied } from '../../reconfigure/apply-targets.ts'
import { matchGpus } from '../../reconfigure/match-gpus.ts'
import { beginSession } from '../../reconfigure/session.ts'
import type { DeviceSpec } from '../node/open-device.ts'
import { type Node, openNode } from '../node/open-node.ts'
import { connectRouter, type RouterClient } from '../router/client.ts'
import { stopRouter } from '../router/start-router.ts'
import { createWorkers, type Workers } from '../workers/workers.ts'
import { Daemon } from './daemon.ts'
import { EarlyEvents } from './early-events.ts'
import { FailedPlaces } from './failed-places.ts'
import { handOver, judgeTakenIn } from './hand-over.ts'
import { jobNumberOf, versionOf } from './job-names.ts'
import { KeptJobs } from './kept-jobs.ts'
import { LabelStore } from './label-store.ts'
import { listenToDevice } from './listen-to-device.ts'
import { NodeBook } from './node-book.ts'
import type { NodePlanner } from './node-desk.ts'
import { rebuildState } from './rebuild-state.ts'
import { openRunClock, type RunClock } from './run-clock.ts'
import { takeOverWorkers } from './take-over-workers.ts'
import type { TenantProgram } from './tenant-program.ts'
import { TrafficLog } from './traffic-log.ts'
import { UnseenEnds } from './unseen-ends.ts'
import { openVersionStore, type VersionStore } from './version-store.ts'
import type { Log } from './world-context.ts'

export type OpenOptions = {
  readonly site: Site
  readonly device: DeviceSpec
  readonly stateDir: string
  readonly programs: readonly (TenantProgram | null)[]
  readonly services: readonly ServiceTable[]
  readonly planner: NodePlanner
  /** Requests in each second before the run; none is known without it. */
  readonly history?: readonly Float64Array[]
  readonly runSeconds?: number
  readonly ignoresOwners?: boolean
  readonly log: Log
}

export type RunningDaemon = {
  readonly daemon: Daemon
  readonly clock: RunClock
  readonly traffic: TrafficLog
  readonly versions: readonly VersionStore[]
  readonly router: RouterClient
  readonly workers: Workers
  readonly node: Node
  /** Lets go of everything: workers, router and GPU instances live on. */
  readonly close: () => Promise<void>
  /** Ends everything that runs; its GPU instances stay, or those from before come back. */
  readonly stop: () => Promise<void>
}

/** Thrown where a site's GPUs are not on the node. */
export class NodeMismatch extends Error {
  override readonly name = 'NodeMismatch'
}

/**
 * A daemon on a node: takes over what one before it left (instances by the journal, workers by
 * their records, the router by its socket), and goes on from there.
 */
export async function openDaemon(options: OpenOptions): Promise<RunningDaemon> {
  const opened: (() => void | Promise<void>)[] = []
  try {
    return await openAll(options, opened)
  } catch (error) {
    // Whoever tries again finds nothing held.
    for (const close of opened.reverse()) {
      await Promise.resolve()
        .then(close)
        .catch(() => undefined)
    }
    throw error
  }
}

async function openAll(
  options: OpenOptions,
  opened: (() => void | Promise<void>)[],
): Promise<RunningDaemon> {
  const { site, stateDir, programs, log } = options
  const open = options.ignoresOwners === true ? { ignoresOwners: true } : {}
  const node = await openNode(options.device, stateDir, open)
  opened.push(node.close)
  const early = new EarlyEvents()
  const listening = listenToDevice(node.context.device, {
    onEvent: (event) => early.onDevice(event),
    log,
  })
  opened.push(listening.close)
  const clock = openRunClock(join(stateDir, 'run.json'))
  const { gpuUuids, lost } = await gpusOf(site, node)
  const reached = gpuUuids.filter((uuid) => !lost.includes(uuid))
  const session = await beginSession(node.context, reached)
  const tenantFolder = (id: string): string => join(stateDir, 'tenants', id)
  const nowSeconds = clock.now()
  const versions = site.tenants.map(({ id }, i) =>
    openVersionStore({
      folder: join(tenantFolder(id), 'versions'),
      first: programs[i]?.firstVersion ?? null,
      kept: site.node.versionsKept,
    }),
  )
  const { isContinued } = clock
  const book = new NodeBook({ site, path: join(stateDir, 'book.json'), versions, isContinued })
  const failed = new FailedPlaces({
    path: join(stateDir, 'failed.json'),
    isContinued,
    owned: node.context.book.ledger().owned,
  })
  for (const gpu of lost) {
    log('error', `${gpu}: the driver does not reach it, so nothing is put there`)
    const why = 'lost before the daemon began'
    if (!failed.isGpuFailed(gpu)) failed.add({ gpu, operation: null, why })
  }
  const labels = site.tenants.map(
    ({ id }) =>
      new LabelStore(join(tenantFolder(id), 'labels'), {
        heldOutShare: site.node.heldOutShare,
        windowSeconds: site.windowSeconds,
        windowIndex: Math.floor(nowSeconds / site.windowSeconds),
      }),
  )
  const ids = site.tenants.map(({ id }) => id)
  const traffic = new TrafficLog(join(stateDir, 'traffic.json'), ids, isContinued)
  const keptJobs = new KeptJobs({
    paths: ids.map((id) => join(tenantFolder(id), 'job.json')),
    isContinued,
  })
  const ends = new UnseenEnds()
  const workers = createWorkers({
    stateDir,
    nowSeconds: clock.now,
    onEvent: (event) => {
      ends.onWorker(event)
      early.onWorker(event)
    },
  })
  opened.push(workers.close)
  const { owned } = node.context.book.ledger()
  const kept = keptJobs.before.map((job) => (job !== null && book.knows(job.id) ? job : null))
  const jobFolder = (id: string, jobId: string): string =>
    join(tenantFolder(id), 'jobs', String(jobNumberOf(jobId)))
  const left = await takeOverWorkers({
    ...{ site, workers, ends, owned, failed, kept, versions, jobFolder, nowSeconds, log },
  })
  const router = await connectRouter({
    stateDir,
    ...site.node.router,
    onEvent: ({ event }) => early.onRouter(event),
    onReconnected: (state) => early.onRouterState(state),
    onDisconnected: (message) => log('warn', `router: ${message}`),
  })
  opened.push(router.close)
  log('info', `router: process ${router.pid}, ${router.wasAdopted ? 'adopted' : 'started'}`)
  const rebuilt = rebuildState({
    site,
    gpuUuids,
    ledger: node.context.book.ledger(),
    workers: workers.list().filter(({ phase }) => phase !== 'ended' && phase !== 'stopping'),
    servers: router.state.servers,
    versions,
    jobs: book.jobs,
    kept,
    left,
    failed,
    nowSeconds,
  })
  const daemon = new Daemon({
    ...{ site, gpuUuids, workers, router, programs, versions, labels, book, failed, clock },
    ...{ traffic, keptJobs, jobFolder, log },
    reconfigure: node.context,
    state: rebuilt.state,
    safety: rebuilt.safety,
    planner: options.planner,
    services: options.services,
    history: options.history ?? site.tenants.map(() => new Float64Array(0)),
    isAdvisory: site.node.mode === 'advisory',
    runSeconds: options.runSeconds ?? null,
  })
  opened.push(() => daemon.close())
  handOver(daemon.world, rebuilt, { site, book, servers: router.state.servers })
  await Promise.all(
    rebuilt.strays.map(async ({ spec }) => {
      log('warn', `${spec.id}: belongs to nothing that is there, so it is stopped`)
      await workers.stop(spec.id, { graceSeconds: 5 })
    }),
  )
  await daemon.onRouterState(router.state)
  early.begin(daemon)
  judgeTakenIn(daemon.world, rebuilt, site)
  for (const [index, own] of left.entries()) {
    if (own?.kind !== 'trained' || [...rebuilt.trained.values()].includes(own)) continue
    log('warn', `${own.job.id}: the GPU instance to judge its version on is gone`)
    const version = versionOf(own.job.id)
    const store = must(versions[index])
    if (store.find(version)?.standing === 'candidate') store.reject(version)
  }
  const close = async (): Promise<void> => {
    daemon.close()
    await daemon.world.instances.settled()
    await listening.close()
    await workers.close()
    router.close()
    await node.close()
  }
  const stop = async (): Promise<void> => {
    daemon.close()
    await daemon.world.instances.settled()
    await listening.close()
    router.close()
    await stopRouter(stateDir)
    // Again for one that was still being started.
    for (let round = 0; round < 2; round += 1) {
      const running = workers.list().map(({ spec }) => spec.id)
      await Promise.all(running.map((id) => workers.stop(id, { graceSeconds: 5 })))
    }
    await workers.close()
    const ended = await session.end(site.node.onExit)
    if (ended.kind === 'restored') tellRestored(ended.applied, log)
    await node.close()
  }
  return { daemon, clock, traffic, versions, router, workers, node, close, stop }
}

function tellRestored(applied: Applied, log: Log): void {
  if (applied.kind === 'done' || applied.kind === 'nothing-to-do') {
    log('info', 'the layouts from before are back')
  } else {
    log('warn', 'the layouts from before are not back: migrator status says what is there')
  }
}

/** Parallel to the site's GPUs, and those that are there and cannot be reached. */
async function gpusOf(
  { gpus }: Site,
  { context }: Node,
): Promise<{ readonly gpuUuids: readonly string[]; readonly lost: readonly string[] }> {
  const { device } = context
  const there = await Promise.all(
    (await device.gpus()).map(async (gpu) => {
      const profiles = await device.gpuInstanceProfiles(gpu.uuid).catch(ofLost)
      return { gpu, profiles: profiles ?? [], isLost: profiles === null }
    }),
  )
  const matched = matchGpus(
    gpus.map(({ model }) => model),
    there,
  )
  const lost = there.filter(({ isLost }) => isLost).map(({ gpu }) => gpu.uuid)
  if (matched.kind === 'matched') {
    return { gpuUuids: matched.gpus, lost: lost.filter((uuid) => matched.gpus.includes(uuid)) }
  }
  throw new NodeMismatch(
    `Cannot run the site: its GPU ${matched.index} (${matched.model.id}) is not on this node`,
  )
}

/** A GPU that is lost keeps its place in the site: others have to be run without it. */
function ofLost(error: unknown): null {
  if (error instanceof DeviceError && error.code === 'NVML_ERROR_GPU_IS_LOST') return null
  throw error
}
