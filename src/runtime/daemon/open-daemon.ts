import { join } from 'node:path'
import { must } from '../../base/assert.ts'
import { classIndexIn } from '../../control/class-index.ts'
import { findInstance } from '../../control/executor-state.ts'
import type { Site } from '../../core/site.ts'
import type { ServiceTable } from '../../core/workload/service-table.ts'
import type { Applied } from '../../reconfigure/apply-targets.ts'
import { matchGpus } from '../../reconfigure/match-gpus.ts'
import { beginSession } from '../../reconfigure/session.ts'
import type { DeviceSpec } from '../node/open-device.ts'
import { type Node, openNode } from '../node/open-node.ts'
import { connectRouter, type RouterClient } from '../router/client.ts'
import type { RouterEvent, RouterState } from '../router/protocol.ts'
import { stopRouter } from '../router/start-router.ts'
import type { WorkerEvent } from '../workers/worker-events.ts'
import { createWorkers, type Workers } from '../workers/workers.ts'
import { Daemon } from './daemon.ts'
import { FailedPlaces } from './failed-places.ts'
import { LabelStore } from './label-store.ts'
import { listenToDevice } from './listen-to-device.ts'
import { NodeBook } from './node-book.ts'
import type { NodePlanner } from './node-desk.ts'
import { type Rebuilt, rebuildState } from './rebuild-state.ts'
import { openRunClock, type RunClock } from './run-clock.ts'
import type { TenantProgram } from './tenant-program.ts'
import { TrafficLog } from './traffic-log.ts'
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
  const { site, stateDir, programs, log } = options
  const open = options.ignoresOwners === true ? { ignoresOwners: true } : {}
  const node = await openNode(options.device, stateDir, open)
  const clock = openRunClock(join(stateDir, 'run.json'))
  const gpuUuids = await gpusOf(site, node)
  const session = await beginSession(node.context, gpuUuids)
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
  const handlers = new Handlers()
  const workers = createWorkers({
    stateDir,
    nowSeconds: clock.now,
    onEvent: (event) => handlers.onWorker(event),
  })
  for (const adoption of await workers.adopt()) {
    if (adoption.kind === 'adopted') log('info', `${adoption.worker.spec.id}: adopted`)
    else if (adoption.kind === 'dead') log('warn', `${adoption.workerId}: ended unseen`)
    else log('warn', `${adoption.path}: ${adoption.message}`)
  }
  const router = await connectRouter({
    stateDir,
    ...site.node.router,
    onEvent: ({ event }) => handlers.onRouter(event),
    onReconnected: (state) => handlers.onRouterState(state),
    onDisconnected: (message) => log('warn', `router: ${message}`),
  })
  log('info', `router: process ${router.pid}, ${router.wasAdopted ? 'adopted' : 'started'}`)
  const rebuilt = rebuildState({
    site,
    gpuUuids,
    ledger: node.context.book.ledger(),
    workers: workers.list().filter(({ phase }) => phase !== 'ended' && phase !== 'stopping'),
    servers: router.state.servers,
    versions,
    jobs: book.jobs,
    failed,
    nowSeconds,
  })
  const daemon = new Daemon({
    ...{ site, gpuUuids, workers, router, programs, versions, labels, book, failed, clock },
    ...{ traffic, log },
    reconfigure: node.context,
    jobsFolder: (id) => join(tenantFolder(id), 'jobs'),
    state: rebuilt.state,
    safety: rebuilt.safety,
    planner: options.planner,
    services: options.services,
    history: options.history ?? site.tenants.map(() => new Float64Array(0)),
    isAdvisory: site.node.mode === 'advisory',
    runSeconds: options.runSeconds ?? null,
  })
  handOver(daemon, rebuilt, { site, servers: router.state.servers })
  await Promise.all(
    rebuilt.strays.map(async ({ spec }) => {
      log('warn', `${spec.id}: belongs to nothing that is there, so it is stopped`)
      await workers.stop(spec.id, { graceSeconds: 5 })
    }),
  )
  await daemon.onRouterState(router.state)
  handlers.begin(daemon)
  const listening = listenToDevice(node.context.device, {
    onEvent: (event) => daemon.onDevice(event),
    log,
  })
  const close = async (): Promise<void> => {
    daemon.close()
    await listening.close()
    await workers.close()
    router.close()
    await node.close()
  }
  const stop = async (): Promise<void> => {
    daemon.close()
    await listening.close()
    router.close()
    await stopRouter(stateDir)
    const running = workers.list().map(({ spec }) => workers.stop(spec.id, { graceSeconds: 5 }))
    await Promise.all(running)
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

/** Events that come before there is a daemon wait for it. */
class Handlers {
  #daemon: Daemon | null = null
  #early: ((daemon: Daemon) => void)[] = []

  begin(daemon: Daemon): void {
    this.#daemon = daemon
    for (const tell of this.#early) tell(daemon)
    this.#early = []
  }

  onWorker(event: WorkerEvent): void {
    this.#pass((daemon) => daemon.onWorker(event))
  }

  onRouter(event: RouterEvent): void {
    this.#pass((daemon) => daemon.onRouter(event))
  }

  onRouterState(state: RouterState): void {
    this.#pass((daemon) => void daemon.onRouterState(state))
  }

  #pass(tell: (daemon: Daemon) => void): void {
    if (this.#daemon === null) this.#early.push(tell)
    else tell(this.#daemon)
  }
}

async function gpusOf({ gpus }: Site, { context }: Node): Promise<readonly string[]> {
  const { device } = context
  const there = await Promise.all(
    (await device.gpus()).map(async (gpu) => ({
      gpu,
      profiles: await device.gpuInstanceProfiles(gpu.uuid),
    })),
  )
  const matched = matchGpus(
    gpus.map(({ model }) => model),
    there,
  )
  if (matched.kind === 'matched') return matched.gpus
  throw new NodeMismatch(
    `Cannot run the site: its GPU ${matched.index} (${matched.model.id}) is not on this node`,
  )
}

/** Tells the new daemon's world which instances and workers control's books speak of. */
function handOver(
  { world }: Daemon,
  { state, owned, workers }: Rebuilt,
  { site, servers }: { readonly site: Site; readonly servers: RouterState['servers'] },
): void {
  for (const [instanceId, own] of owned) world.instances.take(instanceId, own)
  for (const [instanceId, view] of workers) {
    const { gpu, profileId, worker } = must(findInstance(state, instanceId))
    const tenant = site.tenants.findIndex(({ id }) => id === view.spec.tenant)
    const classIndex = classIndexIn(site, gpu, profileId)
    const common = { workerId: view.spec.id, instanceId, tenant, classIndex }
    if (worker?.kind === 'inference') {
      const isRouted = servers.some(({ settings }) => settings.serverId === view.spec.id)
      world.serving.take({ ...common, version: worker.version, url: view.url, isRouted })
    } else if (worker?.kind === 'retraining') {
      const isTraining = worker.phase === 'training'
      const beganSeconds = isTraining ? state.nowSeconds : null
      world.retraining.take({ ...common, jobId: worker.jobId, beganSeconds, isTraining })
    }
  }
}
