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
  readonly #owned = new Map<string, OwnedInstance>()
  #isClosed = false

  constructor(context: WorldContext) {
    this.#context = context
  }

  /** One that was there before this program. */
  take(instanceId: string, owned: OwnedInstance): void {
    this.#owned.set(instanceId, owned)
  }

  /** What CUDA_VISIBLE_DEVICES takes. */
  uuidOf(instanceId: string): string {
    return must(this.#owned.get(instanceId), `No GPU instance ${instanceId}`).uuid
  }

  perform(effect: Operation): void {
    const { gpu, instanceId } = effect
    const operation = effect.kind === 'create-instance' ? 'create' : 'destroy'
    const work = effect.kind === 'create-instance' ? this.#create(effect) : this.#destroy(effect)
    work.then(
      (isDone) => {
        if (this.#isClosed) return
        const kind = isDone ? 'operation-done' : 'operation-failed'
        this.#context.tell({ kind, operation, gpu, instanceId })
      },
      (error: unknown) => {
        this.#context.log('error', `Could not ${operation} ${instanceId}: ${String(error)}`)
        if (!this.#isClosed) {
          this.#context.tell({ kind: 'operation-failed', operation, gpu, instanceId })
        }
      },
    )
  }

  close(): void {
    this.#isClosed = true
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
    if (outcome.kind === 'failed' && outcome.remains === 'undone') {
      setTimeout(() => {
        if (!this.#isClosed) tell({ kind: 'placement-recovered', gpu, start })
      }, retryPlaceSeconds * 1000).unref()
    }
    return false
  }

  async #destroy({ instanceId }: Operation): Promise<boolean> {
    const owned = must(this.#owned.get(instanceId), `No GPU instance ${instanceId}`)
    const outcome = await destroyInstance(this.#context.reconfigure, owned)
    if (outcome.kind === 'done') {
      this.#owned.delete(instanceId)
      return true
    }
    const { code, action, state } = outcome.failure
    this.#context.log('warn', `Cannot ${action}: ${state} (${code})`)
    return false
  }
}
