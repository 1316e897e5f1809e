import { must } from '../base/assert.ts'
import type { ExecutorState, InstanceState } from '../control/executor-state.ts'
import { guestOf, holderOf, hostOf } from '../control/pairs.ts'
import { desiredTenure } from '../control/tenures.ts'
import { profileById } from '../core/mig/gpu-model.ts'
import type { TimelineSpan } from '../observe/run-result.ts'

/** A stretch of a GPU instance's life; finer than the timeline: a version switch is told apart. */
export type InstanceSpan = Omit<TimelineSpan, 'phase'> & {
  readonly instanceId: string
  readonly profileId: number
  readonly phase: TimelineSpan['phase'] | 'switching'
}

type Open = Omit<InstanceSpan, 'untilSeconds'>

/** Watches the executor's state and writes down who did what on which instance, when. */
export class SpanRecorder {
  readonly #spans: InstanceSpan[] = []
  readonly #momentary: InstanceSpan[] = []
  readonly #open = new Map<string, Open>()
  #created = 0
  #destroyed = 0

  /** In the order they ended. Stretches without length are left out. */
  get spans(): readonly InstanceSpan[] {
    return this.#spans
  }

  /** Those without length in which a layout or a holder changed: changes may cost nothing. */
  get momentary(): readonly InstanceSpan[] {
    return this.#momentary
  }

  get created(): number {
    return this.#created
  }

  get destroyed(): number {
    return this.#destroyed
  }

  observe(state: ExecutorState): void {
    for (const instance of state.instances) {
      const open = this.#open.get(instance.id)
      const now = spanOf(state, instance)
      if (open !== undefined && isSame(open, now)) continue
      if (open === undefined && instance.besides === undefined) this.#created += 1
      this.#close(instance.id, state.nowSeconds)
      this.#open.set(instance.id, now)
    }
    for (const id of [...this.#open.keys()]) {
      if (state.instances.some((instance) => instance.id === id)) continue
      if (this.#open.get(id)?.phase === 'destroying') this.#destroyed += 1
      this.#close(id, state.nowSeconds)
    }
  }

  /** The run is over. */
  finish(nowSeconds: number): void {
    for (const id of [...this.#open.keys()]) this.#close(id, nowSeconds)
  }

  #close(id: string, untilSeconds: number): void {
    const open = this.#open.get(id)
    this.#open.delete(id)
    if (open === undefined) return
    const span = { ...open, untilSeconds }
    if (open.fromSeconds < untilSeconds) this.#spans.push(span)
    else if (open.phase === 'creating' || open.phase === 'initialising') this.#momentary.push(span)
  }
}

function isSame(before: Open, now: Open): boolean {
  const { phase, tenant, isBeside } = now
  return before.phase === phase && before.tenant === tenant && before.isBeside === isBeside
}

function spanOf(state: ExecutorState, instance: InstanceState): Open {
  const { id, gpu, profileId, start } = instance
  const { model } = must(state.gpus[gpu])
  const { name, size } = profileById(model, profileId)
  const tenant = instance.worker?.tenant ?? desiredTenure(state, instance)?.tenant ?? null
  return {
    instanceId: id,
    gpu,
    profileId,
    start,
    size,
    profileName: name,
    tenant,
    phase: phaseOf(instance),
    ...(isBeside(state, instance) ? { isBeside: true as const } : {}),
    fromSeconds: state.nowSeconds,
  }
}

function isBeside(state: ExecutorState, instance: InstanceState): boolean {
  const host = hostOf(state, instance) ?? instance
  const guest = guestOf(state, host)
  return guest !== null && holderOf(host, guest) !== instance
}

function phaseOf({ phase, worker }: InstanceState): InstanceSpan['phase'] {
  if (phase === 'creating' || phase === 'destroying') return phase
  if (worker === null) return 'idle'
  switch (worker.phase) {
    case 'starting':
    case 'ready':
    case 'cutting-over':
      return 'initialising'
    case 'serving':
      return 'serving'
    case 'switching':
      return worker.isBeside ? 'serving' : 'switching'
    case 'training':
      return 'retraining'
    case 'draining':
    case 'drained':
    case 'checkpointing':
    case 'checkpointed':
    case 'finished':
    case 'stopping':
      return 'draining'
  }
}
