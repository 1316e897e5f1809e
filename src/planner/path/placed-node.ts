import type { BatchInputs, BatchTables } from './batch-programme.ts'
import type { GpuStart, StartingWorker } from './gpu-start.ts'
import type { Item, Placing } from './placing.ts'
import type { OwnedHold } from './solution.ts'

/**
 * An instance that is held whatever the programme decides: a retraining, another tenant's block.
 */
export type Scripted = {
  /** Index of the tenant in the problem. */
  readonly tenant: number
  readonly role: 'inference' | 'retraining'
  readonly kind: number
  /** Held in slots from .. until - 1. */
  readonly from: number
  readonly until: number
  /** The place it must have; null for any but `notPlace`. */
  readonly place: number | null
  readonly notPlace: number | null
  /** Who holds the place in turn, where tenants take over from one another. */
  readonly parts?: readonly OwnedHold[]
}

/** One owner on one place in slots from .. until - 1. */
export type Hold = {
  readonly owner: number
  readonly place: number
  readonly from: number
  readonly until: number
}

export type PlacedPath = { readonly value: number; readonly holds: readonly Hold[] }

export type PlacedSearch = {
  readonly inputs: BatchInputs
  /** Filled for these inputs. */
  readonly tables: BatchTables
  readonly symmetries: readonly Int16Array[]
  readonly scripted: readonly Scripted[]
  /** Its tenants are positions in the list of tenants that `inputs.states` is about. */
  readonly start: GpuStart
  /** Those of its workers that may be kept. */
  readonly kept: readonly StartingWorker[]
  /** Placings kept per slot; only the best one once `nodesMax` nodes were looked at. */
  readonly width: number
  readonly nodesMax: number
  /** Whether a batch may begin in any slot, not only when something has just changed. */
  readonly isEager: boolean
  /** Placings from which less than this can be had are dropped. */
  readonly valueMin: number
}

export type Change = { readonly slot: number; readonly item: Item; readonly isAdded: boolean }

/** Instances placed at the start of a slot, nothing warming up, and how they came to be. */
export type PlacedNode = {
  readonly x: number
  readonly placing: Placing
  readonly key: string
  /** Value of the slots before. */
  readonly value: number
  /** With the programme's value of the slots to come: at least what can be had from here. */
  readonly estimate: number
  /** Something ended here or was just added, so that a new batch may be due. */
  readonly isFresh: boolean
  readonly parent: PlacedNode | null
  readonly changes: readonly Change[]
}

/** A node in the making; `changes` are those since `parent`, a null key is still to be computed. */
export type PlacedMove = Omit<PlacedNode, 'key'> & { readonly key: string | null }

/** A search with its scripted holds listed by slot. */
export type PlacedContext = PlacedSearch & {
  readonly starting: readonly (readonly number[])[]
  readonly ending: readonly (readonly number[])[]
  readonly push: (slot: number, move: PlacedMove) => void
  /** Moves to that slot worth less than this are not wanted. */
  readonly leastAt: (slot: number) => number
  readonly work: { nodes: number }
}
