import { assert, must } from '../../base/assert.ts'
import { Rng } from '../../base/rng.ts'
import type { Effect, PlanReason } from '../../control/effects.ts'
import type { ExecutorEvent } from '../../control/events.ts'
import { advance } from '../../control/executor.ts'
import { type ExecutorState, findInstance } from '../../control/executor-state.ts'
import { type SafetyModel, watchEffect, watchEvent } from '../../control/safety.ts'
import type { DecisionEpoch } from '../../core/policy.ts'
import type { DeviceEvent } from '../../devices/device.ts'
import { DeviationWatch } from '../../outlook/deviation-watch.ts'
import { ServiceSpeed } from '../../outlook/service-speed.ts'
import type { RouterEvent, RouterState } from '../router/protocol.ts'
import type { WorkerEvent } from '../workers/worker-events.ts'
import { withoutGpu } from './blocked-places.ts'
import type { DaemonOptions } from './daemon-options.ts'
import type { Fact } from './facts.ts'
import { isWorseLive } from './live-check.ts'
import { NodeDesk } from './node-desk.ts'
import { NodeWorld } from './node-world.ts'
import { outlookOfNode } from './outlook-of-node.ts'
import { outlookWords } from './outlook-words.ts'
import { routerCorrections, tenantSettingsOf } from './router-sync.ts'
import { SecondGrid } from './second-grid.ts'
import type { WorldContext } from './world-context.ts'

const epochOf = {
  'retraining-done': 'retraining-done',
  overrun: 'deviation',
  failure: 'failure',
} as const satisfies Record<PlanReason, DecisionEpoch>

/** What happened on the node, for whoever watches. */
export type DaemonEvent =
  | { readonly kind: 'fact'; readonly event: ExecutorEvent }
  | { readonly kind: 'effect'; readonly atSeconds: number; readonly effect: Effect }
  | { readonly kind: 'window'; readonly atSeconds: number; readonly windowIndex: number }
  | { readonly kind: 'plan'; readonly atSeconds: number; readonly reason: string }

/** One event of a tenant's versions: since when it serves, and what its predecessor showed. */
type Deployed = { readonly version: string; readonly before: string; readonly sinceSeconds: number }

/**
 * The control loop of a node. Facts come in from workers, router, GPUs and the clock; control says
 * what should be; the world makes it so. It is thrown away whole and made anew after a restart
 * (`rebuildState`), so it holds nothing that is not on disk, in the router, or in a process.
 */
export class Daemon {
  readonly world: NodeWorld
  readonly desk: NodeDesk
  readonly #options: DaemonOptions
  readonly #watch: DeviationWatch
  readonly #speed: ServiceSpeed
  readonly #listeners = new Set<(event: DaemonEvent) => void>()
  readonly #grid = new SecondGrid()
  readonly #facts: Fact[] = []
  readonly #live = new Map<string, { labelled: number; correct: number }>()
  readonly #deployed = new Map<string, Deployed>()
  #state: ExecutorState
  #safety: SafetyModel
  #isDelivering = false
  #window = -1
  #second = -1
  #tick: NodeJS.Timeout | null = null
  #isClosed = false

  constructor(options: DaemonOptions) {
    const { site, clock } = options
    this.#options = options
    this.#state = options.state
    this.#safety = options.safety
    this.#speed = new ServiceSpeed(site.tenants.length, site.classes.length)
    this.#watch = new DeviationWatch(site, new Rng(1, 'deviation'))
    const context: WorldContext = {
      ...options,
      now: clock.now,
      tell: (fact) => this.#tell(fact),
      stateNow: () => this.#state,
      blockGpu: (gpu) => this.#blockGpu(gpu),
    }
    this.world = new NodeWorld(context)
    this.desk = new NodeDesk({
      site,
      plan: options.planner,
      isAdvisory: options.isAdvisory,
      now: clock.now,
      tell: (fact) => this.#tell(fact),
      stateNow: () => this.#state,
      foresee: (span, nowSeconds) =>
        outlookOfNode(
          {
            ...options,
            speed: this.#speed,
            canRetrain: options.programs.map(
              (own, i) =>
                own !== null && own.retraining !== null && must(options.labels[i]).isTrainable,
            ),
          },
          { nowSeconds, span, state: this.#state, arrived: this.#arrived(nowSeconds) },
        ),
      onForecast: (span, nowSeconds, foreseen) => {
        const outlooks = foreseen.map(({ arrivals }) => arrivals)
        this.#watch.begin(span.windowIndex, nowSeconds, outlooks)
        for (const [tenant, { id }] of site.tenants.entries()) {
          options.log('info', `${id}: ${outlookWords(must(foreseen[tenant]).outlook)}`)
        }
      },
      onRecord: ({ atSeconds, reason }) => this.#emit({ kind: 'plan', atSeconds, reason }),
      log: options.log,
    })
  }

  get state(): ExecutorState {
    return this.#state
  }

  /** Seconds of the run. */
  get nowSeconds(): number {
    return this.#options.clock.now()
  }

  listen(listener: (event: DaemonEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** From here it looks at the clock, and plans at once. */
  start(): void {
    this.#second = Math.floor(this.nowSeconds)
    this.#keepJobs()
    this.#onSecond()
    this.#schedule()
  }

  /** Lets go: whatever runs goes on without it. */
  close(): void {
    this.#isClosed = true
    if (this.#tick !== null) clearTimeout(this.#tick)
    this.desk.close()
    this.world.close()
    this.#options.traffic.save(this.nowSeconds)
    for (const labels of this.#options.labels) labels.flush()
  }

  onWorker(event: WorkerEvent): void {
    if (!this.#isClosed) this.world.onWorker(event)
  }

  onRouter(event: RouterEvent): void {
    if (this.#isClosed) return
    const { traffic, clock } = this.#options
    switch (event.kind) {
      case 'counts': {
        const [from, to] = [clock.fromHost(event.fromSeconds), clock.fromHost(event.toSeconds)]
        traffic.addCounts(event.tenant, this.#grid.secondOf(from, to), event.counts)
        break
      }
      case 'batch-times':
        this.#noteSpeed(event)
        break
      case 'feedback':
        this.#noteLabel(event)
        break
      case 'events-lost':
        this.#options.log('warn', `The router dropped events ${event.from} to ${event.through}`)
        break
      default:
        this.world.onRouter(event)
    }
  }

  onDevice(event: DeviceEvent): void {
    if (!this.#isClosed) this.world.faults.onEvent(event)
  }

  /** A connection to a router begins: it is given what it lacks of tenants and servers. */
  async onRouterState(state: RouterState): Promise<void> {
    const { router, site, log } = this.#options
    const tenants = site.tenants.map((tenant) => tenantSettingsOf(tenant))
    const expected = this.world.expectedServers()
    for (const request of routerCorrections(state, tenants, expected)) {
      const reply = await router.request(request)
      if (reply.kind === 'refused') log('error', `router: ${request.kind}: ${reply.message}`)
    }
  }

  /** Asks for a plan by hand. */
  askForPlan(): void {
    this.desk.ask('deviation')
  }

  #tell(fact: Fact): void {
    if (this.#isClosed) return
    this.#facts.push(fact)
    if (this.#isDelivering) return
    this.#isDelivering = true
    try {
      for (let next = this.#facts.shift(); next !== undefined; next = this.#facts.shift()) {
        this.#deliver(next)
      }
    } finally {
      this.#isDelivering = false
    }
  }

  #deliver(fact: Fact): void {
    const atSeconds = Math.max(this.nowSeconds, this.#state.nowSeconds)
    const event = { ...fact, atSeconds } as ExecutorEvent
    if (event.kind === 'instance-failed') {
      // Told of both workers on it, where neither could be ended.
      if (findInstance(this.#state, event.instanceId) === undefined) return
      this.world.loseBeside(event.instanceId)
    }
    this.#safety = watchEvent(this.#safety, event)
    const { state, effects } = advance(this.#state, event)
    this.#state = state
    this.#keepJobs()
    if (event.kind !== 'time-reached') this.#emit({ kind: 'fact', event })
    for (const effect of effects) this.#perform(effect, atSeconds)
  }

  /** Before anything is done about it: a trainer that runs is always known to the next daemon. */
  #keepJobs(): void {
    const { instances } = this.world
    // Whose instance is shared from this moment on is not known by its own name yet.
    const nameOf = (id: string): string => findInstance(this.#state, id)?.besides ?? id
    this.#options.keptJobs.note(this.#state.tenants, (id) => instances.uuidOf(nameOf(id)))
  }

  #perform(effect: Effect, atSeconds: number): void {
    const { model, breaches } = watchEffect(this.#safety, effect)
    assert(breaches.length === 0, `At ${atSeconds} s: ${breaches.join('; ')}`)
    this.#safety = model
    if (effect.kind !== 'set-timer') this.#emit({ kind: 'effect', atSeconds, effect })
    this.world.perform(effect)
    if (effect.kind === 'keep-version') this.#noteDeployed(effect.tenant, effect.version)
    // After what else this moment sets off, so that the problem knows of it.
    if (effect.kind === 'request-plan') setImmediate(() => this.#ask(epochOf[effect.reason]))
  }

  /** Control has facts of instances only; that a whole GPU is none to plan with is said here. */
  #blockGpu(index: number): void {
    const { state, safety } = withoutGpu({ state: this.#state, safety: this.#safety }, index)
    this.#state = state
    this.#safety = safety
    // Once its instances are told to be lost, so that the problem knows of it.
    setImmediate(() => this.#ask('failure'))
  }

  #ask(epoch: DecisionEpoch): void {
    if (!this.#isClosed) this.desk.ask(epoch)
  }

  #schedule(): void {
    if (this.#isClosed) return
    const left = this.#second + 1 - this.nowSeconds
    this.#tick = setTimeout(
      () => {
        const second = Math.floor(this.nowSeconds + 1e-3)
        if (second > this.#second) {
          this.#second = second
          this.#onSecond()
        }
        this.#schedule()
      },
      Math.max(1, 1000 * left),
    )
  }

  #onSecond(): void {
    const { site, labels, traffic } = this.#options
    for (const own of labels) own.flush()
    const window = Math.floor(this.#second / site.windowSeconds)
    if (window > this.#window) {
      this.#window = window
      this.#startWindow(window)
      return
    }
    this.#checkLive()
    // The router tells of a second when it is over: the one before the last is complete.
    const second = this.#second - 2
    const arrived = site.tenants.map(({ id }) => traffic.sums(id, second, second + 1).arrived)
    if (this.#watch.hasLeft(second, arrived)) this.#ask('deviation')
  }

  #startWindow(windowIndex: number): void {
    const { site, labels, traffic, book } = this.#options
    const nowSeconds = this.nowSeconds
    book.labelsArrive(
      nowSeconds,
      labels.map((own) => own.close(windowIndex)),
    )
    traffic.save(nowSeconds)
    const before = nowSeconds - site.windowSeconds
    for (const { id, job } of this.#state.tenants) {
      // A checkpoint that a whole window passed over is of labels too old to go on with.
      const since = job?.waitingSinceSeconds ?? null
      if (since !== null && since <= before) this.#tell({ kind: 'job-abandoned', tenant: id })
    }
    this.#emit({ kind: 'window', atSeconds: nowSeconds, windowIndex })
    for (const [tenant, { id }] of site.tenants.entries()) {
      const factors = this.#speed.factorsOf(tenant).map((own) => own.toFixed(2))
      this.#options.log('info', `${id}: batches take ${factors.join(' ')} x the profile's time`)
    }
    this.#ask('window-start')
  }

  #arrived(nowSeconds: number): readonly Float64Array[] {
    const { site, traffic } = this.#options
    return site.tenants.map(({ id }) => traffic.arrived(id, nowSeconds))
  }

  #noteSpeed({ serverId, sizes }: Extract<RouterEvent, { kind: 'batch-times' }>): void {
    const own = this.world.serving.find(serverId)
    if (own === undefined) return
    for (const { seconds, estimatedSeconds } of sizes) {
      this.#speed.add(own.tenant, own.classIndex, { estimatedSeconds, executedSeconds: seconds })
    }
  }

  #noteLabel(event: Extract<RouterEvent, { kind: 'feedback' }>): void {
    const { site, labels, traffic, clock } = this.#options
    const { tenant, version, items, correctItems } = event
    const index = site.tenants.findIndex(({ id }) => id === tenant)
    if (index < 0) return
    const atSeconds = clock.fromHost(event.arrivedAtSeconds)
    const { requestId, label, inputs } = event
    const labelled = { requestId, version, atSeconds, items, correctItems, label, inputs }
    must(labels[index]).add(labelled)
    traffic.addLabels(tenant, atSeconds, { labelled: items, correct: correctItems })
    const deployed = this.#deployed.get(tenant)
    if (deployed?.version !== version) return
    const live = this.#live.get(tenant) ?? { labelled: 0, correct: 0 }
    live.labelled += items
    live.correct += correctItems
    this.#live.set(tenant, live)
  }

  #noteDeployed(tenant: string, version: string): void {
    const worker = this.#state.instances.find(
      ({ worker: own }) => own?.kind === 'inference' && own.tenant === tenant,
    )?.worker
    const before = worker?.kind === 'inference' ? worker.version : version
    this.#live.delete(tenant)
    this.#deployed.set(tenant, { version, before, sinceSeconds: this.nowSeconds })
  }

  /** A version is on probation for a window; then drift alone would make it look worse. */
  #checkLive(): void {
    const { site, versions, log } = this.#options
    for (const [tenant, { version, sinceSeconds }] of this.#deployed) {
      if (this.nowSeconds - sinceSeconds > site.windowSeconds) {
        this.#deployed.delete(tenant)
        continue
      }
      const { labels, correctDeployed } = this.world.retraining.measured(tenant, version)
      const live = this.#live.get(tenant) ?? { labelled: 0, correct: 0 }
      const before = { labelled: labels, correct: correctDeployed }
      if (!isWorseLive({ before, live })) continue
      const index = site.tenants.findIndex(({ id }) => id === tenant)
      const back = must(versions[index]).rollBack()
      this.#deployed.delete(tenant)
      if (back === null) continue
      log('warn', `${tenant}: ${version} measures worse live; ${back.versionId} serves again`)
      this.#tell({ kind: 'version-withdrawn', tenant, version: back.versionId })
    }
  }

  #emit(event: DaemonEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}
