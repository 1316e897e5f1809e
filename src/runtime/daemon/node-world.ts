import { must } from '../../base/assert.ts'
import type { Effect } from '../../control/effects.ts'
import { findInstance } from '../../control/executor-state.ts'
import { partnerOf } from '../../control/pairs.ts'
import type { RouterEvent, ServerSettings } from '../router/protocol.ts'
import type { WorkerEvent } from '../workers/worker-events.ts'
import { GpuFaults } from './gpu-faults.ts'
import { InstanceOperations } from './instance-operations.ts'
import { RetrainingWorkers } from './retraining-workers.ts'
import { ServingWorkers } from './serving-workers.ts'
import { tenantIndexOf, type WorldContext } from './world-context.ts'

/**
 * The node: performs control's wishes on GPU instances, worker processes and the router, and tells
 * control what came of them. What the simulator's world is on a virtual clock.
 */
export class NodeWorld {
  readonly instances: InstanceOperations
  readonly serving: ServingWorkers
  readonly retraining: RetrainingWorkers
  readonly faults: GpuFaults
  readonly #context: WorldContext
  #timer: NodeJS.Timeout | null = null

  constructor(context: WorldContext) {
    this.#context = context
    this.instances = new InstanceOperations(context, (gpu) =>
      this.faults.loseGpu(gpu, 'the driver does not reach it any more'),
    )
    this.serving = new ServingWorkers(context, this.instances)
    this.retraining = new RetrainingWorkers(context, this.instances)
    const { instances, serving, retraining } = this
    this.faults = new GpuFaults(context, { instances, serving, retraining })
  }

  perform(effect: Effect): void {
    switch (effect.kind) {
      case 'create-instance':
      case 'destroy-instance':
        this.instances.perform(effect)
        break
      case 'share-instance':
        this.instances.share(effect.instanceId, effect.with)
        break
      case 'leave-instance':
        this.instances.leave(effect.instanceId)
        break
      case 'start-worker':
        if (effect.task.kind === 'inference') this.serving.start(effect)
        else this.retraining.start(effect)
        break
      case 'route-add':
        this.serving.route(effect.instanceId)
        break
      case 'route-drain':
        this.serving.drain(effect.instanceId)
        break
      case 'stop-worker':
        this.#stop(effect.instanceId)
        break
      case 'load-version':
        this.serving.load(effect)
        break
      case 'checkpoint':
        this.retraining.checkpoint(effect.instanceId)
        break
      case 'measure-version':
        this.#measure(effect)
        break
      case 'keep-version':
        this.#keep(effect)
        break
      case 'reject-version':
        this.#versionsOf(effect.tenant).reject(effect.version)
        break
      case 'set-timer':
        this.#setTimer(effect.atSeconds)
        break
      // The desk's business.
      case 'request-plan':
        break
    }
  }

  onWorker(event: WorkerEvent): void {
    if (!this.serving.onWorker(event)) this.retraining.onWorker(event)
  }

  onRouter(event: RouterEvent): void {
    this.serving.onRouter(event)
  }

  /** Every server that the router should have now. */
  expectedServers(): readonly ServerSettings[] {
    return this.serving.expectedServers()
  }

  /** A GPU instance is lost: so is whoever else is on it. */
  loseBeside(instanceId: string): void {
    const state = this.#context.stateNow()
    const instance = findInstance(state, instanceId)
    const partner = instance === undefined ? null : partnerOf(state, instance)
    if (partner === null) return
    this.serving.lose(partner.id)
    this.retraining.lose(partner.id)
  }

  /** Nothing is told any more; workers, instances and the router live on. */
  close(): void {
    this.instances.close()
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  #stop(instanceId: string): void {
    const { instances } = this.#context.stateNow()
    const worker = instances.find(({ id }) => id === instanceId)?.worker
    if (worker?.kind === 'retraining') this.retraining.stop(instanceId)
    else this.serving.stop(instanceId)
  }

  #measure({ tenant, version }: Extract<Effect, { kind: 'measure-version' }>): void {
    const measurement = this.retraining.measured(tenant, version)
    this.#context.tell({ kind: 'version-measured', tenant, version, measurement })
  }

  #keep({ tenant, version }: Extract<Effect, { kind: 'keep-version' }>): void {
    const { labels, correctCandidate } = this.retraining.measured(tenant, version)
    this.#versionsOf(tenant).deploy(version, { labelled: labels, correct: correctCandidate })
    this.#context.log('info', `${tenant}: ${version} is better, and is deployed`)
  }

  #setTimer(atSeconds: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    // A timer may be early by a millisecond: the fact would set it again.
    const delayMs = 1000 * (atSeconds - this.#context.now()) + 2
    this.#timer = setTimeout(() => this.#context.tell({ kind: 'time-reached' }), delayMs)
  }

  #versionsOf(tenant: string) {
    return must(this.#context.versions[tenantIndexOf(this.#context, tenant)])
  }
}
