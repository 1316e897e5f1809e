import { must } from '../../base/assert.ts'
import type { Effect } from '../../control/effects.ts'
import { profileById } from '../../core/mig/gpu-model.ts'
import { createInstance } from '../../reconfigure/create-instance.ts'
import { destroyInstance } from '../../reconfigure/destroy-instance.ts'
import type { OwnedInstance } from '../../reconfigure/journal.ts'
import type { WorldContext } from './world-context.ts'

type Operation = Extract<Effect, { readonly kind: 'create-instance' | 'destroy-instance' }>

/** A place where creating failed and nothing remained is tried again after so long. */
const retryPlaceSeconds = 60

/** GPU instances by their names in control's books, made and unmade through the journal. */
export class InstanceOperations {
  readonly #context: WorldContext
  readonly #onGpuLost: (gpu: number) => void
  readonly #owned = new Map<string, OwnedInstance>()
  readonly #underWay = new Map<string, Promise<void>>()
  /** Lost while they were being made or unmade. */
  readonly #doomed = new Set<string>()
  /** GPUs that are lost. */
  readonly #givenUp = new Set<number>()
  #isClosed = false

  constructor(context: WorldContext, onGpuLost: (gpu: number) => void) {
    this.#context = context
    this.#onGpuLost = onGpuLost
  }

  /** One that was there before this program. */
  take(instanceId: string, owned: OwnedInstance): void {
    this.#owned.set(instanceId, owned)
  }

  /** A second worker is to come on it, by a name of its own. */
  share(instanceId: string, host: string): void {
    this.#owned.set(instanceId, must(this.#owned.get(host), `No GPU instance ${host}`))
  }

  /** It goes by its other name alone. */
  leave(instanceId: string): void {
    this.#owned.delete(instanceId)
  }

  /** What CUDA_VISIBLE_DEVICES takes. */
  uuidOf(instanceId: string): string {
    return must(this.#owned.get(instanceId), `No GPU instance ${instanceId}`).uuid
  }

  /** The one that the driver calls so, by all its names: two where two workers share it. */
  find(
    gpuUuid: string,
    gpuInstanceId: number,
  ): { readonly instanceIds: readonly string[]; readonly owned: OwnedInstance } | null {
    const found = [...this.#owned].filter(
      ([, owned]) => owned.gpu === gpuUuid && owned.gpuInstanceId === gpuInstanceId,
    )
    const [first] = found
    if (first === undefined) return null
    return { instanceIds: found.map(([instanceId]) => instanceId), owned: first[1] }
  }

  /** No place there is tried again. */
  giveUp(gpu: number): void {
    this.#givenUp.add(gpu)
  }

  /** Whether it is being made or unmade: then that it is lost is told at the end of that. */
  doom(instanceId: string): boolean {
    if (!this.#underWay.has(instanceId)) return false
    this.#doomed.add(instanceId)
    return true
  }

  perform(effect: Operation): void {
    const { instanceId } = effect
    const operation = effect.kind === 'create-instance' ? 'create' : 'destroy'
    const work = effect.kind === 'create-instance' ? this.#create(effect) : this.#destroy(effect)
    const ended = work
      .catch((error: unknown) => {
        this.#context.log('error', `Could not ${operation} ${instanceId}: ${String(error)}`)
        return false
      })
      .then((isDone) => this.#end(effect, isDone))
    this.#underWay.set(instanceId, ended)
  }

  #end({ kind, gpu, instanceId }: Operation, isDone: boolean): void {
    const operation = kind === 'create-instance' ? 'create' : 'destroy'
    const isLost = this.#doomed.delete(instanceId) && !(isDone && operation === 'destroy')
    this.#underWay.delete(instanceId)
    if (this.#isClosed) return
    const { tell } = this.#context
    if (isLost) tell({ kind: 'instance-failed', instanceId })
    else if (isDone) tell({ kind: 'operation-done', operation, gpu, instanceId })
    else tell({ kind: 'operation-failed', operation, gpu, instanceId })
  }

  close(): void {
    this.#isClosed = true
  }

  /** Once nothing is being made or unmade: the driver and the journal are still needed for that. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay.values())
  }

  async #create(effect: Extract<Operation, { kind: 'create-instance' }>): Promise<boolean> {
    const { gpu, instanceId, profileId, start } = effect
    const { site, gpuUuids, reconfigure, log, tell } = this.#context
    const { size } = profileById(must(site.gpus[gpu]).model, profileId)
    const place = { gpu: must(gpuUuids[gpu]), profileId, placement: { start, size } }
    const outcome = await createInstance(reconfigure, place)
    if (outcome.kind === 'done') {
      this.#owned.set(instanceId, must(outcome.instance))
      return true
    }
    const { code, action, state } = outcome.failure
    log('error', `Cannot ${action}: ${state} (${code})`)
    if (code === 'NVML_ERROR_GPU_IS_LOST') this.#onGpuLost(gpu)
    if (outcome.kind === 'failed' && outcome.remains === 'undone') {
      setTimeout(() => {
        if (!this.#isClosed && !this.#givenUp.has(gpu))
          tell({ kind: 'placement-recovered', gpu, start })
      }, retryPlaceSeconds * 1000).unref()
    }
    return false
  }

  async #destroy({ gpu, instanceId }: Operation): Promise<boolean> {
    const owned = must(this.#owned.get(instanceId), `No GPU instance ${instanceId}`)
    const outcome = await destroyInstance(this.#context.reconfigure, owned)
    if (outcome.kind === 'done') {
      this.#owned.delete(instanceId)
      return true
    }
    const { code, action, state } = outcome.failure
    this.#context.log('warn', `Cannot ${action}: ${state} (${code})`)
    if (code === 'NVML_ERROR_GPU_IS_LOST') this.#onGpuLost(gpu)
    return false
  }
}
