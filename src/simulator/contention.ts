import { assert, must } from '../base/assert.ts'
import type { GpuModel } from '../core/mig/gpu-model.ts'
import { interferenceSlope, slowdownOnShare } from '../core/mps/interference.ts'

/** Whoever serves or trains on an instance, by where: its profile is its share where GPUs share. */
type Resident = { readonly gpu: number; readonly profileId: number }

/**
 * How much longer things take than the figures say because of who else is on the GPU. GPU instances
 * are isolated. Figures on shares expect neighbours on all the rest (core/mps), so fewer of them
 * make it shorter; more per cent than there are, as while one worker hands over to another, longer.
 * Workers that only start, and requests that only wait, are not felt.
 */
export class Contention {
  readonly #gpus: readonly GpuModel[]
  readonly #slope: number
  readonly #residents = new Map<string, Resident>()

  /** `slope` is the true one of `slowdownOnShare`, where it is not what figures were made with. */
  constructor(gpus: readonly GpuModel[], slope: number = interferenceSlope) {
    this.#gpus = gpus
    this.#slope = slope
  }

  /** Answers the instances whose factor may have changed: none where the GPU is cut by MIG. */
  enter(instanceId: string, resident: Resident): readonly string[] {
    assert(!this.#residents.has(instanceId), `Somebody works on ${instanceId} already`)
    this.#residents.set(instanceId, resident)
    return this.#sharingWith(resident)
  }

  /** The same; nobody may have been there. */
  leave(instanceId: string): readonly string[] {
    const resident = this.#residents.get(instanceId)
    this.#residents.delete(instanceId)
    return resident === undefined ? [] : this.#sharingWith(resident)
  }

  factorOf(instanceId: string): number {
    const { gpu, profileId } = must(this.#residents.get(instanceId), `Nobody is on ${instanceId}`)
    const { sharing } = must(this.#gpus[gpu])
    if (sharing === undefined) return 1
    const percents = this.#on(gpu).map(([, own]) => own.profileId)
    return sharing === 'mps'
      ? this.#besideClients(profileId, percents)
      : inTurns(profileId, percents)
  }

  /** Beyond 100 % multiprocessors go round: everybody has a smaller part of them. */
  #besideClients(percent: number, percents: readonly number[]): number {
    const total = percents.reduce((sum, own) => sum + own, 0)
    const excess = Math.max(1, total / 100)
    const others = (total - percent) / 100 / excess
    return (excess * slowdownOnShare(1 - others, this.#slope)) / slowdownOnShare(percent / 100)
  }

  #sharingWith({ gpu }: Resident): readonly string[] {
    if (must(this.#gpus[gpu]).sharing === undefined) return []
    return this.#on(gpu).map(([id]) => id)
  }

  #on(gpu: number): readonly (readonly [string, Resident])[] {
    return [...this.#residents].filter(([, own]) => own.gpu === gpu)
  }
}

/** Every n-th turn was expected, and every one has as many turns as there are residents. */
function inTurns(percent: number, percents: readonly number[]): number {
  return percents.length / Math.floor(100 / percent)
}
