import { must } from '../src/base/assert.ts'
import type { Effect } from '../src/control/effects.ts'
import type { ExecutorEvent } from '../src/control/events.ts'
import { advance } from '../src/control/executor.ts'
import {
  type ExecutorState,
  type InstanceState,
  initialState,
} from '../src/control/executor-state.ts'
import type { InstanceMemory } from '../src/control/instance-memory.ts'
import { partnerOf } from '../src/control/pairs.ts'
import { type SafetyModel, safetyModel, watchEffect, watchEvent } from '../src/control/safety.ts'
import { breachesAtRest } from '../src/control/safety-takeovers.ts'
import type { GpuModel } from '../src/core/mig/gpu-model.ts'
import type { Handover } from '../src/core/policy.ts'

type Pending = { readonly order: number; readonly event: ExecutorEvent }

/**
 * A shell for tests of the executor: performs every effect after the seconds that `delayOf` says,
 * watches the safety rules, and keeps a log. Retraining advances by its delay from 0 to 1.
 */
export class ControlWorld {
  state: ExecutorState
  readonly breaches: string[] = []
  readonly effects: { readonly atSeconds: number; readonly effect: Effect }[] = []
  /** GPU instances that stood after each operation, those being created left out. */
  readonly counts: { readonly gpu: number; readonly count: number }[] = []
  readonly #delayOf: (effect: Effect) => number
  #model: SafetyModel
  #pending: Pending[] = []
  #made = 0
  readonly #trainedFrom = new Map<string, { atSeconds: number; seconds: number; from: number }>()

  constructor(options: {
    readonly gpus: readonly GpuModel[]
    readonly tenants: readonly string[]
    readonly delayOf: (effect: Effect) => number
    readonly handover?: Handover
    readonly cutOverSeconds?: number
    /** Of every worker; nothing by default. */
    readonly memoryMiB?: number
  }) {
    const { handover = 'break-first', memoryMiB = 0, cutOverSeconds = 0 } = options
    const memory = { inferenceMiB: memoryMiB, retrainingMiB: memoryMiB }
    const instanceMemory = memoryOfAll(options.gpus, options.tenants, memoryMiB)
    const tenants = options.tenants.map((id) => ({ id, version: `${id}/v0`, memory }))
    this.state = initialState(options.gpus, tenants, handover, {
      cutOverSeconds,
      instanceMemory,
    })
    const needs = new Map(tenants.map((own) => [own.id, own.memory]))
    this.#model = safetyModel(options.gpus, { handover, memory: needs, instanceMemory })
    this.#delayOf = options.delayOf
  }

  /** Hands an event in at once, and performs what it sets off. */
  send(event: ExecutorEvent): void {
    this.#model = watchEvent(this.#model, event)
    if (event.kind === 'instance-failed' || event.kind === 'worker-failed') {
      this.#forget(event.instanceId)
      if (event.kind === 'instance-failed') this.#forgetBeside(event.instanceId)
    }
    const { state, effects } = advance(this.state, event)
    this.state = state
    if (event.kind === 'operation-done') {
      const isLive = ({ gpu, phase }: InstanceState): boolean =>
        gpu === event.gpu && phase !== 'creating'
      this.counts.push({ gpu: event.gpu, count: state.instances.filter(isLive).length })
    }
    for (const effect of effects) {
      const watched = watchEffect(this.#model, effect)
      this.#model = watched.model
      this.breaches.push(...watched.breaches)
      this.effects.push({ atSeconds: event.atSeconds, effect })
      this.#perform(event.atSeconds, effect)
    }
    this.breaches.push(...breachesAtRest(this.#model))
  }

  /** Everything that is pending up to and including that time, in order. */
  run(untilSeconds: number): void {
    for (;;) {
      this.#pending.sort((a, b) => a.event.atSeconds - b.event.atSeconds || a.order - b.order)
      const next = this.#pending[0]
      if (next === undefined || next.event.atSeconds > untilSeconds) return
      this.#pending.shift()
      this.send(next.event)
    }
  }

  effectsOf<K extends Effect['kind']>(
    kind: K,
  ): readonly { readonly atSeconds: number; readonly effect: Extract<Effect, { kind: K }> }[] {
    return this.effects.flatMap(({ atSeconds, effect }) =>
      effect.kind === kind ? [{ atSeconds, effect: effect as Extract<Effect, { kind: K }> }] : [],
    )
  }

  /** In words, for expectations: `2 create 9@0`. */
  get log(): readonly string[] {
    return this.effects.map(({ atSeconds, effect }) => `${atSeconds} ${wordsOf(effect)}`)
  }

  #perform(now: number, effect: Effect): void {
    const at = now + this.#delayOf(effect)
    switch (effect.kind) {
      case 'create-instance':
      case 'destroy-instance': {
        const operation = effect.kind === 'create-instance' ? 'create' : 'destroy'
        const { gpu, instanceId } = effect
        this.#later({ kind: 'operation-done', operation, gpu, instanceId, atSeconds: at })
        return
      }
      case 'start-worker':
        this.#later({ kind: 'worker-ready', instanceId: effect.instanceId, atSeconds: at })
        if (effect.task.kind === 'retraining') this.#train(at, effect)
        return
      case 'route-add':
        this.#later({ kind: 'serving', instanceId: effect.instanceId, atSeconds: at })
        return
      case 'route-drain':
        this.#later({ kind: 'server-drained', instanceId: effect.instanceId, atSeconds: at })
        return
      case 'stop-worker':
        this.#forget(effect.instanceId)
        this.#later({ kind: 'worker-stopped', instanceId: effect.instanceId, atSeconds: at })
        return
      case 'load-version':
        this.#later({ kind: 'version-loaded', instanceId: effect.instanceId, atSeconds: at })
        return
      case 'checkpoint': {
        const { instanceId } = effect
        const training = must(this.#trainedFrom.get(instanceId))
        const done = training.from + (now - training.atSeconds) / training.seconds
        const fraction = Math.min(1, Math.max(training.from, done))
        this.#forget(instanceId)
        this.#later({ kind: 'checkpointed', instanceId, fraction, atSeconds: at })
        return
      }
      case 'measure-version': {
        const measurement = { labels: 100, correctCandidate: 80, correctDeployed: 70 }
        const { tenant, version } = effect
        this.#later({
          kind: 'version-measured',
          tenant,
          version,
          measurement,
          atSeconds: at,
        })
        return
      }
      case 'set-timer':
        this.#later({ kind: 'time-reached', atSeconds: effect.atSeconds })
        return
      case 'share-instance':
      case 'leave-instance':
      case 'keep-version':
      case 'reject-version':
      case 'request-plan':
        return
    }
  }

  #train(readySeconds: number, effect: Extract<Effect, { kind: 'start-worker' }>): void {
    const { instanceId, tenant } = effect
    const job = must(this.state.tenants.find(({ id }) => id === tenant)?.job)
    const seconds = 10 * this.#delayOf(effect)
    this.#trainedFrom.set(instanceId, { atSeconds: readySeconds, seconds, from: job.fraction })
    const atSeconds = readySeconds + (1 - job.fraction) * seconds
    const version = `${tenant}/${job.id}`
    this.#later({ kind: 'retraining-done', instanceId, version, atSeconds })
  }

  #later(event: ExecutorEvent): void {
    this.#made += 1
    this.#pending.push({ order: this.#made, event })
  }

  #forgetBeside(instanceId: string): void {
    const instance = this.state.instances.find(({ id }) => id === instanceId)
    const partner = instance === undefined ? null : partnerOf(this.state, instance)
    if (partner !== null) this.#forget(partner.id)
  }

  /** A worker that was stopped or is gone answers nothing more. */
  #forget(instanceId: string): void {
    this.#pending = this.#pending.filter(
      ({ event }) => !('instanceId' in event) || event.instanceId !== instanceId,
    )
  }
}

/** Every worker takes as much on every profile. */
function memoryOfAll(
  gpus: readonly GpuModel[],
  tenants: readonly string[],
  workerMiB: number,
): InstanceMemory {
  const all = gpus.flatMap((gpu) => gpu.profiles.map((profile) => ({ gpu, profile })))
  const needs = tenants.map(() => all.map(() => workerMiB))
  return {
    tenants,
    classes: all.map(({ gpu, profile: { profileId, name } }) => {
      return { gpuModelId: gpu.id, profileId, name }
    }),
    memoryMiB: all.map(({ profile }) => profile.memoryMiB ?? null),
    inferenceMiB: needs,
    retrainingMiB: needs,
  }
}

export function wordsOf(effect: Effect): string {
  switch (effect.kind) {
    case 'create-instance':
      return `create ${effect.instanceId}`
    case 'destroy-instance':
      return `destroy ${effect.instanceId}`
    case 'start-worker':
      return `start ${effect.tenant} ${effect.task.kind} on ${effect.instanceId}`
    case 'share-instance':
      return `share ${effect.with} as ${effect.instanceId}`
    case 'leave-instance':
      return `leave ${effect.to} to itself`
    case 'set-timer':
      return `timer ${effect.atSeconds}`
    case 'request-plan':
      return `ask for a plan: ${effect.reason}`
    case 'measure-version':
    case 'keep-version':
    case 'reject-version':
      return `${effect.kind} ${effect.version}`
    default:
      return `${effect.kind} ${effect.instanceId}`
  }
}
