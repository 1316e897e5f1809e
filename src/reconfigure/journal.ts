import type { Placement } from '../devices/device.ts'
import type { DeviceFailure } from '../devices/device-error.ts'

/** A GPU instance as this program means it: where it lies, and of which profile. */
export type Place = {
  /** The GPU's uuid. */
  readonly gpu: string
  readonly profileId: number
  readonly placement: Placement
}

/**
 * A GPU instance with its one compute instance that this program made or adopted. Ids and uuids
 * come back for other instances, so `place` is what it is and they only confirm it.
 */
export type OwnedInstance = Place & {
  /** Of the operation that made it: no other instance ever has it. */
  readonly operation: number
  readonly gpuInstanceId: number
  readonly computeInstanceId: number
  /** What CUDA_VISIBLE_DEVICES takes. */
  readonly uuid: string
}

/** What is left of an operation that failed. */
export type Remains =
  /** The GPU is as it was before: nothing was made, or it was taken back. */
  | 'undone'
  /** A GPU instance is there that could be neither finished nor taken back. */
  | 'stuck'

/** One fact about what is done to GPUs. Every entry is durable before the next step is taken. */
export type Entry =
  | { readonly kind: 'create-begun'; readonly operation: number; readonly place: Place }
  | {
      readonly kind: 'gpu-instance-created'
      readonly operation: number
      readonly gpuInstanceId: number
    }
  | { readonly kind: 'create-done'; readonly operation: number; readonly instance: OwnedInstance }
  | {
      readonly kind: 'destroy-begun'
      readonly operation: number
      readonly instance: OwnedInstance
    }
  | { readonly kind: 'compute-instance-destroyed'; readonly operation: number }
  | { readonly kind: 'destroy-done'; readonly operation: number }
  | {
      readonly kind: 'operation-failed'
      readonly operation: number
      readonly failure: DeviceFailure
      readonly remains: Remains
      /** The instance that is still there, after a destroy that was undone. */
      readonly instance: OwnedInstance | null
    }
  /** Somebody else's instance became ours because a person said so. */
  | { readonly kind: 'adopted'; readonly operation: number; readonly instance: OwnedInstance }
  /** An instance of ours is gone without our doing: a reboot, a reset, another program. */
  | { readonly kind: 'forgotten'; readonly operation: number; readonly place: Place }
  /** What was stuck at that place is gone. */
  | { readonly kind: 'place-recovered'; readonly operation: number; readonly place: Place }
  | {
      readonly kind: 'change-begun'
      readonly change: number
      readonly why: string
      readonly gpus: readonly GpuChange[]
      /** The change that this one takes back. */
      readonly undoes?: number
    }
  | { readonly kind: 'change-ended'; readonly change: number; readonly result: ChangeResult }
  /** A program that changes layouts all the time began, and these were there before it. */
  | {
      readonly kind: 'session-begun'
      readonly before: readonly { readonly gpu: string; readonly wanted: GpuChange['from'] }[]
    }
  | { readonly kind: 'session-ended' }
  /** All that entries before it amount to, in place of them. */
  | { readonly kind: 'snapshot'; readonly ledger: LedgerData }

/** A GPU's layout before and after a change. */
export type GpuChange = {
  readonly gpu: string
  readonly from: readonly Omit<Place, 'gpu'>[]
  readonly to: readonly Omit<Place, 'gpu'>[]
}

export type ChangeResult =
  | 'done'
  | 'rolled-back'
  /** Neither finished nor taken back: somebody has to look. */
  | 'stuck'
  /** The program ended in the middle; each operation of it was finished or undone afterwards. */
  | 'interrupted'

export type OpenOperation =
  | {
      readonly kind: 'create'
      readonly operation: number
      readonly place: Place
      readonly isGpuInstanceMade: boolean
    }
  | {
      readonly kind: 'destroy'
      readonly operation: number
      readonly place: Place
      readonly instance: OwnedInstance
      readonly isComputeInstanceGone: boolean
    }

export type Change = {
  readonly change: number
  readonly why: string
  readonly gpus: readonly GpuChange[]
  readonly undoes?: number
  /** Null: it never ended. */
  readonly result: ChangeResult | null
}

/** What all entries amount to: what is ours, what is under way, and what was done. */
export type LedgerData = {
  readonly owned: readonly OwnedInstance[]
  readonly open: readonly OpenOperation[]
  /** Places with a GPU instance that could be neither finished nor taken back. */
  readonly stuck: readonly Place[]
  /** The newest last. */
  readonly changes: readonly Change[]
  /** What was there before the session that has not ended; null: there is none. */
  readonly session: Extract<Entry, { readonly kind: 'session-begun' }>['before'] | null
  readonly operationsMade: number
  readonly changesMade: number
}

/**
 * Entries in the order they were written. `append` comes back when the entry would survive a power
 * cut, or throws: then nothing that the entry announces may be done.
 */
export type Journal = {
  readonly append: (entry: Entry) => void
  readonly entries: () => readonly Entry[]
}

/** Entries in this process alone. */
export function memoryJournal(before: readonly Entry[] = []): Journal {
  const entries = [...before]
  return {
    append: (entry) => void entries.push(entry),
    entries: () => [...entries],
  }
}
