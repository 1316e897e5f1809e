import { assert, must } from '../base/assert.ts'
import { classIndexIn } from '../control/class-index.ts'
import type { Effect } from '../control/effects.ts'
import type { ExecutorEvent } from '../control/events.ts'
import type { ExecutorState } from '../control/executor-state.ts'
import { findInstance, tenantOf } from '../control/executor-state.ts'
import { partnerOf } from '../control/pairs.ts'
import type { Site } from '../core/site.ts'
import type { ServerWork, ServiceSpeed } from '../outlook/service-speed.ts'
import type { Agenda } from './agenda.ts'
import { Contention } from './contention.ts'
import type { LabelBook } from './label-book.ts'
import type { RequestEngine } from './request-engine.ts'
import { Trainer } from './trainer.ts'
import type { Truth } from './truth.ts'
import type { Versions } from './versions.ts'

export type Action = (atSeconds: number) => void

export type WorldOptions = {
  readonly site: Site
  readonly truth: Truth
  readonly versions: Versions
  readonly book: LabelBook
  readonly engine: RequestEngine
  readonly speed: ServiceSpeed
  readonly agenda: Agenda<Action>
  /** Tells control a fact; what control wishes then comes back through `perform`. */
  readonly deliver: (event: ExecutorEvent) => void
  readonly stateNow: () => ExecutorState
  /** Of the true interference between shares; without it what figures were made with. */
  readonly interferenceSlope?: number | undefined
}

type EffectOf<K extends Effect['kind']> = Extract<Effect, { kind: K }>
type Serving = {
  readonly server: number
  readonly tenant: number
  readonly classIndex: number
  version: string
  /** True execution time over the profile's, neighbours left out. */
  readonly trueScale: number
  /** As far as it was told on. */
  work: ServerWork
}

/**
 * The simulated node: performs control's effects, each after the time it truly takes, and answers
 * with events. At t = 0 creating instances and starting inference take none: the first layout is
 * given (designs/001, line 2).
 */
export class World {
  readonly #options: WorldOptions
  readonly #trainer: Trainer
  readonly #contention: Contention
  readonly #serving = new Map<string, Serving>()
  /** Of each retraining under way: how long its last checkpoint will take. */
  readonly #saves = new Map<string, { readonly jobId: string; readonly saveSeconds: number }>()
  /** By GPU: destroys still to be refused. */
  readonly #refusals: number[] = []
  /** Counts what ended on an instance: answers of what went before are void. */
  readonly #generations = new Map<string, number>()

  constructor(options: WorldOptions) {
    this.#options = options
    this.#trainer = new Trainer(options)
    const models = options.site.gpus.map(({ model }) => model)
    this.#contention = new Contention(models, options.interferenceSlope)
  }

  perform(effect: Effect, nowSeconds: number): void {
    switch (effect.kind) {
      case 'create-instance':
      case 'destroy-instance':
        this.#operate(effect, nowSeconds)
        break
      case 'start-worker':
        this.#startWorker(effect, nowSeconds)
        break
      case 'route-add':
        this.#routeAdd(effect, nowSeconds)
        break
      case 'route-drain':
        this.#options.engine.drainServer(this.#servingOn(effect.instanceId).server)
        break
      case 'stop-worker':
        this.#endWorker(effect.instanceId, nowSeconds)
        this.#after(0, nowSeconds, { kind: 'worker-stopped', instanceId: effect.instanceId })
        break
      case 'load-version':
        this.#loadVersion(effect, nowSeconds)
        break
      case 'checkpoint':
        this.#checkpoint(effect.instanceId, nowSeconds)
        break
      case 'measure-version':
        this.#measure(effect, nowSeconds)
        break
      case 'set-timer':
        this.#options.agenda.add(effect.atSeconds, 'timer', (atSeconds) =>
          this.#options.deliver({ kind: 'time-reached', atSeconds }),
        )
        break
      case 'keep-version':
        this.#options.book.deploy(this.#tenantIndex(effect.tenant), effect.version)
        break
      // Whoever shares an instance has an entry of its own in control's books, and so here.
      case 'share-instance':
      case 'leave-instance':
      case 'reject-version':
      case 'request-plan':
        break
    }
  }

  /** A server that was asked to drain has finished. */
  drained(server: number, atSeconds: number): void {
    for (const [instanceId, own] of this.#serving) {
      if (own.server === server)
        this.#options.deliver({ kind: 'server-drained', instanceId, atSeconds })
    }
  }

  /** How far the retrainings under way are, as their workers would print it. */
  reportProgress(atSeconds: number): void {
    for (const { instanceId, fraction } of this.#trainer.progress(atSeconds)) {
      this.#options.deliver({ kind: 'retraining-progress', instanceId, fraction, atSeconds })
    }
  }

  /** Answers of the coming second are as good as their version is in the middle of it. */
  setAccuracies(nowSeconds: number): void {
    for (const { server, version } of this.#serving.values()) {
      this.#options.engine.setServerAccuracy(server, this.#accuracyOf(version, nowSeconds))
    }
  }

  /** What batches took since it was last told: a router measures that. */
  reportSpeed(): void {
    for (const own of this.#serving.values()) this.#tellSpeed(own)
  }

  /** The next so many destroys on that GPU are refused as in use, at once. */
  refuseDestroys(gpu: number, times: number): void {
    this.#refusals[gpu] = times
  }

  /** A GPU instance dies: its batches have failed, its workers and their memory are gone. */
  failInstance(instanceId: string, atSeconds: number): void {
    const state = this.#options.stateNow()
    const partner = partnerOf(state, must(findInstance(state, instanceId)))
    for (const id of [instanceId, ...(partner === null ? [] : [partner.id])]) {
      this.#failWorker(id, atSeconds)
    }
    this.#options.deliver({ kind: 'instance-failed', instanceId, atSeconds })
  }

  #failWorker(instanceId: string, atSeconds: number): void {
    const own = this.#serving.get(instanceId)
    if (own !== undefined) {
      this.#tellSpeed(own)
      this.#options.engine.failServer(own.server)
      this.#serving.delete(instanceId)
    }
    this.#voidAnswers(instanceId)
    this.#stopTraining(instanceId, atSeconds)
    this.#leave(instanceId, atSeconds)
  }

  #operate(effect: EffectOf<'create-instance' | 'destroy-instance'>, nowSeconds: number): void {
    const { costs } = this.#options.site
    const isCreate = effect.kind === 'create-instance'
    const { gpu, instanceId } = effect
    const refusals = this.#refusals[gpu] ?? 0
    if (!isCreate && refusals > 0) {
      this.#refusals[gpu] = refusals - 1
      const operation = 'destroy'
      this.#after(0, nowSeconds, { kind: 'operation-failed', operation, gpu, instanceId })
      return
    }
    const profileSeconds = isCreate ? costs.createSeconds : costs.destroySeconds
    const seconds = this.#options.truth.durations.operation(gpu, profileSeconds)
    const operation = isCreate ? 'create' : 'destroy'
    const isFree = isCreate && nowSeconds === 0
    this.#after(isFree ? 0 : seconds, nowSeconds, {
      kind: 'operation-done',
      operation,
      gpu,
      instanceId,
    })
  }

  #startWorker(effect: EffectOf<'start-worker'>, nowSeconds: number): void {
    const { instanceId, task } = effect
    const index = this.#tenantIndex(effect.tenant)
    const tenant = must(this.#options.site.tenants[index])
    if (task.kind === 'inference') {
      const seconds = this.#workerSeconds(index, tenant.inferenceStartSeconds)
      const isFree = nowSeconds === 0
      this.#after(isFree ? 0 : seconds, nowSeconds, { kind: 'worker-ready', instanceId })
      return
    }
    const { jobId, configurationId, resumes } = task
    if (!resumes) {
      const from = tenantOf(this.#options.stateNow(), tenant.id).version
      this.#options.book.beginJob(jobId, { tenant: index, configurationId, from })
    }
    const restore = resumes ? tenant.checkpointRestoreSeconds : 0
    const seconds = this.#workerSeconds(index, tenant.retrainingStartSeconds + restore)
    this.#schedule(instanceId, nowSeconds + seconds, (atSeconds) => {
      this.#options.deliver({ kind: 'worker-ready', instanceId, atSeconds })
      this.#train(instanceId, jobId, atSeconds)
    })
  }

  #train(instanceId: string, jobId: string, nowSeconds: number): void {
    const { costs } = this.#options.site
    const { tenant } = this.#options.book.jobOf(jobId)
    const saveSeconds = this.#workerSeconds(tenant, costs.checkpointSeconds)
    this.#trainer.start(instanceId, jobId, nowSeconds)
    this.#saves.set(instanceId, { jobId, saveSeconds })
    this.#expectLastStep(instanceId)
    this.#enter(instanceId, nowSeconds)
  }

  /** Neighbours may still change when that is: then this one is void. */
  #expectLastStep(instanceId: string): void {
    const doneSeconds = must(this.#trainer.doneSecondsOf(instanceId))
    this.#schedule(instanceId, doneSeconds, (atSeconds) => {
      if (this.#trainer.doneSecondsOf(instanceId) === atSeconds) this.#save(instanceId, atSeconds)
    })
  }

  /** The last checkpoint is the version. */
  #save(instanceId: string, nowSeconds: number): void {
    const { jobId, saveSeconds } = must(this.#saves.get(instanceId))
    this.#schedule(instanceId, nowSeconds + saveSeconds, (atSeconds) => {
      this.#stopTraining(instanceId, atSeconds)
      const version = this.#options.versions.finishJob(jobId)
      this.#options.book.finishJob(jobId, version, atSeconds)
      this.#options.deliver({ kind: 'retraining-done', instanceId, version, atSeconds })
    })
  }

  /** Asked while the last checkpoint is being written anyway, there is nothing to add. */
  #checkpoint(instanceId: string, nowSeconds: number): void {
    const fraction = this.#trainer.fractionOf(instanceId, nowSeconds)
    if (fraction >= 1) return
    this.#voidAnswers(instanceId)
    const tenant = this.#trainer.tenantOf(instanceId)
    this.#stopTraining(instanceId, nowSeconds)
    const seconds = this.#workerSeconds(tenant, this.#options.site.costs.checkpointSeconds)
    this.#after(seconds, nowSeconds, { kind: 'checkpointed', instanceId, fraction })
  }

  #routeAdd(effect: EffectOf<'route-add'>, nowSeconds: number): void {
    const { instanceId } = effect
    const tenant = this.#tenantIndex(effect.tenant)
    const seconds = this.#workerSeconds(tenant, this.#options.site.costs.cutOverSeconds)
    this.#schedule(instanceId, nowSeconds + (nowSeconds === 0 ? 0 : seconds), (atSeconds) => {
      this.#addServer(instanceId, tenant, atSeconds)
      this.#options.deliver({ kind: 'serving', instanceId, atSeconds })
    })
  }

  #addServer(instanceId: string, tenant: number, nowSeconds: number): void {
    const instance = must(findInstance(this.#options.stateNow(), instanceId))
    const { worker } = instance
    assert(worker?.kind === 'inference', `${instanceId} has no inference worker to route to`)
    const classIndex = classIndexIn(this.#options.site, instance.gpu, instance.profileId)
    const { serving, id } = must(this.#options.site.tenants[tenant])
    const { version } = worker
    const trueScale = must(this.#options.truth.tenants[tenant]?.serviceScale[classIndex])
    const server = this.#options.engine.addServer({
      tenant,
      capability: must(serving[classIndex] ?? null, `${id} cannot serve on ${instanceId}`),
      trueScale,
      accuracy: this.#accuracyOf(version, nowSeconds),
    })
    const work = { estimatedSeconds: 0, executedSeconds: 0 }
    this.#serving.set(instanceId, { server, tenant, classIndex, version, trueScale, work })
    this.#enter(instanceId, nowSeconds)
  }

  /** Beside the version before, or in its place: then nobody is served until it is loaded. */
  #loadVersion(effect: EffectOf<'load-version'>, nowSeconds: number): void {
    const { instanceId, version, isBeside = false } = effect
    const own = this.#servingOn(instanceId)
    if (!isBeside) this.#options.engine.pauseServer(own.server)
    const seconds = this.#workerSeconds(own.tenant, this.#options.site.costs.cutOverSeconds)
    this.#schedule(instanceId, nowSeconds + seconds, (atSeconds) => {
      own.version = version
      this.#options.engine.setServerAccuracy(own.server, this.#accuracyOf(version, atSeconds))
      if (!isBeside) this.#options.engine.resumeServer(own.server)
      this.#options.deliver({ kind: 'version-loaded', instanceId, atSeconds })
    })
  }

  #measure({ tenant, version }: EffectOf<'measure-version'>, nowSeconds: number): void {
    const deployed = tenantOf(this.#options.stateNow(), tenant).version
    const measurement = this.#options.book.measure(this.#tenantIndex(tenant), version, deployed)
    this.#options.agenda.add(nowSeconds, 'fact', (atSeconds) =>
      this.#options.deliver({ kind: 'version-measured', tenant, version, measurement, atSeconds }),
    )
  }

  #endWorker(instanceId: string, nowSeconds: number): void {
    const own = this.#serving.get(instanceId)
    if (own !== undefined) {
      this.#tellSpeed(own)
      this.#options.engine.removeServer(own.server)
    }
    this.#serving.delete(instanceId)
    this.#stopTraining(instanceId, nowSeconds)
    this.#leave(instanceId, nowSeconds)
    this.#voidAnswers(instanceId)
  }

  #stopTraining(instanceId: string, nowSeconds: number): void {
    if (!this.#trainer.isTraining(instanceId)) return
    this.#trainer.stop(instanceId, nowSeconds)
    this.#saves.delete(instanceId)
    this.#leave(instanceId, nowSeconds)
  }

  #enter(instanceId: string, nowSeconds: number): void {
    const { gpu, profileId } = must(findInstance(this.#options.stateNow(), instanceId))
    this.#neighboursChanged(this.#contention.enter(instanceId, { gpu, profileId }), nowSeconds)
  }

  #leave(instanceId: string, nowSeconds: number): void {
    this.#neighboursChanged(this.#contention.leave(instanceId), nowSeconds)
  }

  #neighboursChanged(instanceIds: readonly string[], nowSeconds: number): void {
    for (const instanceId of instanceIds) {
      const factor = this.#contention.factorOf(instanceId)
      const own = this.#serving.get(instanceId)
      if (own !== undefined) {
        this.#options.engine.setServerScale(own.server, own.trueScale * factor)
        continue
      }
      const before = this.#trainer.doneSecondsOf(instanceId)
      this.#trainer.setFactor(instanceId, factor, nowSeconds)
      if (this.#trainer.doneSecondsOf(instanceId) !== before) this.#expectLastStep(instanceId)
    }
  }

  #tellSpeed(own: Serving): void {
    const { estimatedSeconds, executedSeconds } = this.#options.engine.workOf(own.server)
    this.#options.speed.add(own.tenant, own.classIndex, {
      estimatedSeconds: estimatedSeconds - own.work.estimatedSeconds,
      executedSeconds: executedSeconds - own.work.executedSeconds,
    })
    own.work = { estimatedSeconds, executedSeconds }
  }

  #accuracyOf(version: string, nowSeconds: number): number {
    return this.#options.versions.accuracyOf(version, nowSeconds + 0.5)
  }

  #workerSeconds(tenant: number, profileSeconds: number): number {
    return this.#options.truth.durations.worker(tenant, profileSeconds)
  }

  #servingOn(instanceId: string): Serving {
    return must(this.#serving.get(instanceId), `Nothing serves on ${instanceId}`)
  }

  #tenantIndex(id: string): number {
    return this.#options.site.tenants.findIndex((tenant) => tenant.id === id)
  }

  #after(
    seconds: number,
    nowSeconds: number,
    event: DistributiveOmit<ExecutorEvent, 'atSeconds'> & { readonly instanceId: string },
  ): void {
    this.#schedule(event.instanceId, nowSeconds + seconds, (atSeconds) =>
      this.#options.deliver({ ...event, atSeconds } as ExecutorEvent),
    )
  }

  /** Happens unless what runs on the instance ends before. */
  #schedule(instanceId: string, atSeconds: number, action: Action): void {
    const generation = this.#generations.get(instanceId) ?? 0
    this.#options.agenda.add(atSeconds, 'fact', (at) => {
      if ((this.#generations.get(instanceId) ?? 0) === generation) action(at)
    })
  }

  #voidAnswers(instanceId: string): void {
    this.#generations.set(instanceId, (this.#generations.get(instanceId) ?? 0) + 1)
  }
}

type DistributiveOmit<T, K extends keyof never> = T extends unknown ? Omit<T, K> : never
