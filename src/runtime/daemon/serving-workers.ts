import { must } from '../../base/assert.ts'
import { classIndexIn } from '../../control/class-index.ts'
import type { Effect } from '../../control/effects.ts'
import { findInstance } from '../../control/executor-state.ts'
import type { RouterEvent, ServerSettings } from '../router/protocol.ts'
import type { WorkerEvent } from '../workers/worker-events.ts'
import { FailurePause } from './failure-pause.ts'
import type { InstanceOperations } from './instance-operations.ts'
import { loadsBeside } from './loads-beside.ts'
import { workerSpecOf } from './worker-spec-of.ts'
import { tenantIndexOf, type WorldContext } from './world-context.ts'

type StartWorker = Extract<Effect, { readonly kind: 'start-worker' }>
type LoadVersion = Extract<Effect, { readonly kind: 'load-version' }>

type Serving = {
  readonly workerId: string
  readonly instanceId: string
  readonly tenant: number
  readonly classIndex: number
  version: string
  phase: 'starting' | 'ready' | 'routed' | 'stopping'
  url: string | null
  /** Set while a version is swapped: called once nothing is in flight. */
  onPaused: (() => void) | null
}

const graceSeconds = 10
/** Where its instance is gone it has nothing to finish. */
const lostGraceSeconds = 1
/** Requests in flight are bounded by the router's own patience; this is for a router that died. */
const pauseSecondsMax = 60

/** Inference workers on GPU instances, and their places in the router. */
export class ServingWorkers {
  readonly #context: WorldContext
  readonly #instances: InstanceOperations
  readonly #pause = new FailurePause()
  readonly #serving = new Map<string, Serving>()
  /** Instances whose worker is gone and whose failure is not told yet. */
  readonly #failing = new Map<string, object>()
  #made = 0

  constructor(context: WorldContext, instances: InstanceOperations) {
    this.#context = context
    this.#instances = instances
    this.#made = Math.floor(Date.now() / 1000) % 1_000_000
  }

  /** Class and tenant of a server, for what the router measures of it. */
  find(workerId: string): Pick<Serving, 'tenant' | 'classIndex' | 'version'> | undefined {
    return [...this.#serving.values()].find((own) => own.workerId === workerId)
  }

  get workerIds(): readonly string[] {
    return [...this.#serving.values()].map(({ workerId }) => workerId)
  }

  /** One that a program before this one started. */
  take(own: {
    readonly workerId: string
    readonly instanceId: string
    readonly tenant: number
    readonly classIndex: number
    readonly version: string
    readonly url: string | null
    readonly isRouted: boolean
  }): void {
    const phase = own.isRouted ? 'routed' : 'starting'
    this.#serving.set(own.instanceId, { ...own, phase, onPaused: null })
  }

  start({ instanceId, tenant, task }: StartWorker): void {
    if (task.kind !== 'inference') return
    const { site, workers, stateNow, versions, log } = this.#context
    const index = tenantIndexOf(this.#context, tenant)
    const { gpu, profileId } = must(findInstance(stateNow(), instanceId))
    this.#made += 1
    const own: Serving = {
      workerId: `${tenant}-${this.#made}`,
      instanceId,
      tenant: index,
      classIndex: classIndexIn(site, gpu, profileId),
      version: task.version,
      phase: 'starting',
      url: null,
      onPaused: null,
    }
    this.#serving.set(instanceId, own)
    const spec = workerSpecOf(this.#context, {
      workerId: own.workerId,
      tenant: index,
      classIndex: own.classIndex,
      device: this.#instances.uuidOf(instanceId),
      modelDir: must(versions[index]).dirOf(task.version),
    })
    if (spec === null) {
      this.#fail(own, `${tenant} has no inference command`)
      return
    }
    log('info', `${own.workerId}: starting on ${instanceId} with version ${task.version}`)
    void workers.startInference(spec).then((result) => {
      if (result.kind === 'refused') this.#fail(own, result.message)
    })
  }

  /** Routes requests to a ready worker. */
  route(instanceId: string): void {
    const own = this.#serving.get(instanceId)
    if (own === undefined) return
    void this.#add(own)
  }

  drain(instanceId: string): void {
    const { router, tell } = this.#context
    const own = this.#serving.get(instanceId)
    if (own === undefined) {
      this.#failing.delete(instanceId)
      tell({ kind: 'server-drained', instanceId })
      return
    }
    void router.request({ kind: 'drain-server', serverId: own.workerId }).then((reply) => {
      if (reply.kind === 'refused') this.#drained(own)
    })
  }

  stop(instanceId: string): void {
    const { workers, tell, log } = this.#context
    const own = this.#serving.get(instanceId)
    if (own === undefined) {
      this.#failing.delete(instanceId)
      tell({ kind: 'worker-stopped', instanceId })
      return
    }
    own.phase = 'stopping'
    void workers.stop(own.workerId, { graceSeconds }).then((result) => {
      if (this.#serving.get(instanceId) !== own) return
      this.#serving.delete(instanceId)
      if (result.kind !== 'not-stopped') return tell({ kind: 'worker-stopped', instanceId })
      log('error', `${own.workerId}: cannot be ended (pids ${result.pids.join(', ')})`)
      tell({ kind: 'instance-failed', instanceId })
    })
  }

  /** Its instance is gone: its requests go elsewhere at once, and what still runs is ended. */
  lose(instanceId: string): void {
    const { router, workers } = this.#context
    this.#failing.delete(instanceId)
    const own = this.#serving.get(instanceId)
    if (own === undefined) return
    this.#serving.delete(instanceId)
    const { workerId } = own
    if (own.phase === 'routed') void router.request({ kind: 'remove-server', serverId: workerId })
    void workers.stop(workerId, { graceSeconds: lostGraceSeconds })
  }

  /** It can do no more on its instance; another one can. One that starts has not begun there. */
  replace(instanceId: string, why: string): void {
    const own = this.#serving.get(instanceId)
    if (own !== undefined && own.phase !== 'starting') this.#fail(own, why)
  }

  /**
   * Swaps the version of a worker that serves, and nothing in flight is lost. It has no work
   * meanwhile, unless memory holds both and the worker says that it serves while it loads.
   */
  load({ instanceId, version, isBeside }: LoadVersion): void {
    const own = this.#serving.get(instanceId)
    if (own === undefined) return
    void this.#swap(own, version, isBeside === true).then((fault) => {
      if (own.phase === 'stopping' || this.#serving.get(instanceId) !== own) return
      if (fault !== null) this.#fail(own, fault)
      else this.#context.tell({ kind: 'version-loaded', instanceId })
    })
  }

  onWorker(event: WorkerEvent): boolean {
    const own = [...this.#serving.values()].find(({ workerId }) => workerId === event.workerId)
    if (own === undefined) return false
    switch (event.kind) {
      case 'ready':
        own.url = event.url
        if (own.phase !== 'starting') break
        own.phase = 'ready'
        this.#context.tell({ kind: 'worker-ready', instanceId: own.instanceId })
        break
      case 'unwell':
        this.#context.log('warn', `${own.workerId}: ${event.reason}: ${event.message}`)
        break
      case 'failed':
        this.#fail(own, `${event.failure}: ${event.message}`)
        break
      case 'crash-looping':
        this.#fail(own, `ended ${event.ends} times in ${event.windowSeconds} s`)
        break
      case 'stopped':
        if (own.phase !== 'stopping') this.#fail(own, 'it was stopped by somebody')
        break
      default:
        break
    }
    return true
  }

  onRouter(event: RouterEvent): void {
    if (!('serverId' in event)) return
    const own = [...this.#serving.values()].find(({ workerId }) => workerId === event.serverId)
    if (own === undefined) return
    const { instanceId } = own
    switch (event.kind) {
      case 'serving':
        if (this.#phaseOf(instanceId) === 'cutting-over') {
          this.#context.tell({ kind: 'serving', instanceId })
        }
        break
      case 'drained':
        this.#drained(own)
        break
      case 'paused':
        own.onPaused?.()
        break
      case 'server-failed':
        this.#context.log('warn', `${own.workerId}: ${event.reason}: ${event.message}`)
        break
      default:
        break
    }
  }

  /** The servers that the router should have. */
  expectedServers(): readonly ServerSettings[] {
    return [...this.#serving.values()].flatMap((own) =>
      own.phase === 'routed' && own.url !== null ? [this.#settingsOf(own, own.url)] : [],
    )
  }

  async #add(own: Serving): Promise<void> {
    const { router } = this.#context
    const server = this.#settingsOf(own, must(own.url, `${own.workerId} is not ready`))
    own.phase = 'routed'
    const reply = await router.request({ kind: 'add-server', server })
    if (reply.kind === 'refused') this.#fail(own, reply.message)
  }

  async #swap(own: Serving, version: string, isBeside: boolean): Promise<string | null> {
    const { router, workers, versions } = this.#context
    const serverId = own.workerId
    const servesOn = isBeside && own.url !== null && (await loadsBeside(own.url))
    if (!servesOn) await this.#pauseServer(own)
    const loaded = await workers.load(serverId, must(versions[own.tenant]).dirOf(version))
    if (loaded.kind === 'refused') return `It did not load ${version}: ${loaded.message}`
    own.version = version
    await router.request({ kind: 'set-version', serverId, version })
    if (!servesOn) await router.request({ kind: 'resume-server', serverId })
    return null
  }

  async #pauseServer(own: Serving): Promise<void> {
    const paused = new Promise<void>((resolve) => {
      own.onPaused = resolve
      setTimeout(resolve, pauseSecondsMax * 1000).unref()
    })
    const { router } = this.#context
    const asked = await router.request({ kind: 'pause-server', serverId: own.workerId })
    if (asked.kind === 'done') await paused
    own.onPaused = null
  }

  #drained(own: Serving): void {
    if (this.#phaseOf(own.instanceId) !== 'draining') return
    void this.#context.router.request({ kind: 'remove-server', serverId: own.workerId })
    this.#context.tell({ kind: 'server-drained', instanceId: own.instanceId })
  }

  /** It is gone, or no use: no request goes there any more, and control is told after a pause. */
  #fail(own: Serving, why: string): void {
    const { router, workers, tell, log, site, now } = this.#context
    const { instanceId, workerId } = own
    if (this.#serving.get(instanceId) !== own || own.phase === 'stopping') return
    this.#serving.delete(instanceId)
    if (own.phase === 'routed') void router.request({ kind: 'remove-server', serverId: workerId })
    const seconds = this.#pause.note(must(site.tenants[own.tenant]).id, now())
    log('error', `${workerId}: ${why}; another is started in ${seconds} s`)
    // What still runs has to be gone before anything else is started there.
    this.#failing.set(instanceId, own)
    void workers.stop(workerId, { graceSeconds }).then(() => {
      setTimeout(() => {
        // Control may have given the worker up in the meantime.
        if (this.#failing.get(instanceId) !== own) return
        this.#failing.delete(instanceId)
        tell({ kind: 'worker-failed', instanceId })
      }, seconds * 1000).unref()
    })
  }

  #phaseOf(instanceId: string): string | null {
    return findInstance(this.#context.stateNow(), instanceId)?.worker?.phase ?? null
  }

  #settingsOf(own: Serving, url: string): ServerSettings {
    const { id, serving } = must(this.#context.site.tenants[own.tenant])
    const capability = must(
      serving[own.classIndex] ?? null,
      `${id} cannot serve on ${own.instanceId}`,
    )
    return { serverId: own.workerId, tenant: id, url, version: own.version, capability }
  }
}
