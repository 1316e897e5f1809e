import type { OwnedInstance } from '../../reconfigure/journal.ts'
import { readJson, writeJson } from './json-file.ts'

/** GPU instances, or a whole GPU, that hardware failed under. */
export type FailedPlace = {
  /** Its uuid. */
  readonly gpu: string
  /** That made the instance; null: all of the GPU. */
  readonly operation: number | null
  readonly why: string
}

/**
 * What must be left alone until somebody has repaired it, on disk: the daemon never touches a
 * failed instance again, so that it is gone is the sign that somebody did.
 */
export class FailedPlaces {
  readonly #path: string
  #places: readonly FailedPlace[]

  constructor(options: {
    readonly path: string
    /** Whether the file is of this boot: nothing of it is known to hold after another. */
    readonly isContinued: boolean
    /** What is there, by the journal. */
    readonly owned: readonly Pick<OwnedInstance, 'gpu' | 'operation'>[]
  }) {
    const { path, isContinued, owned } = options
    this.#path = path
    const before = isContinued ? ((readJson(path) as readonly FailedPlace[] | null) ?? []) : []
    this.#places = before.filter(({ gpu, operation }) =>
      owned.some((own) => own.gpu === gpu && (operation === null || own.operation === operation)),
    )
    if (this.#places.length < before.length) writeJson(path, this.#places)
  }

  get all(): readonly FailedPlace[] {
    return this.#places
  }

  add(place: FailedPlace): void {
    this.#places = [...this.#places, place]
    writeJson(this.#path, this.#places)
  }

  isGpuFailed(gpu: string): boolean {
    return this.#places.some((own) => own.gpu === gpu && own.operation === null)
  }

  isFailed({ gpu, operation }: Pick<OwnedInstance, 'gpu' | 'operation'>): boolean {
    return this.#places.some(
      (own) => own.gpu === gpu && (own.operation === null || own.operation === operation),
    )
  }
}
