import { type BatchInputs, type BatchTables, fitsThroughout } from './batch-programme.ts'
import type { StartingWorker } from './gpu-start.ts'

/**
 * One way to begin the window: `serving` serve in state `serves`, `pending` get ready and serve
 * with them from slot `readySlot`, in state `arrives`; both are kept until slot `until`.
 */
export type StartMove = {
  readonly serving: readonly StartingWorker[]
  readonly pending: readonly StartingWorker[]
  readonly serves: number
  readonly arrives: number
  readonly until: number
  /** Value of the slots before `until`, and with the value to go from there. */
  readonly value: number
  readonly estimate: number
}

/**
 * Design 003, equation (4): every way to begin with these workers, or with anything where the start
 * is free (null); the best first.
 */
export function startMovesOf(
  inputs: BatchInputs,
  tables: BatchTables,
  workers: readonly StartingWorker[] | null,
): readonly StartMove[] {
  const moves = workers === null ? freeMoves(inputs, tables) : runningMoves(inputs, tables, workers)
  return moves
    .filter(({ estimate }) => estimate > Number.NEGATIVE_INFINITY)
    .sort((a, b) => b.estimate - a.estimate || a.arrives - b.arrives)
}

/** Any state may serve at once; what serves is kept for the minimum residence. The best ones. */
function freeMoves(inputs: BatchInputs, tables: BatchTables): readonly StartMove[] {
  const { slotCount, residenceSlots, states } = inputs
  const { served, toGo } = tables
  const until = Math.min(slotCount, residenceSlots)
  const fits = fitsThroughout(inputs, 0, until)
  const first = served[0] as Float64Array
  const last = served[until] as Float64Array
  const after = toGo[until] as Float64Array
  const best: StartMove[] = []
  for (let x = 0; x < states.stateCount; x += 1) {
    if (fits[states.room[x] as number] !== 1) continue
    const value = (first[x] as number) - (last[x] as number)
    const estimate = value + (after[x] as number)
    const worst = best.length < freeMovesMax ? undefined : best.at(-1)
    if (worst !== undefined && estimate <= worst.estimate) continue
    if (worst !== undefined) best.pop()
    const at = best.findIndex((own) => own.estimate < estimate)
    const both = { serving: [], pending: [], serves: x, arrives: x }
    best.splice(at < 0 ? best.length : at, 0, { ...both, until, value, estimate })
  }
  return best
}

/** More are never looked at. */
const freeMovesMax = 16

/** What serves goes on; of what is not ready yet, any part that can be kept is. */
function runningMoves(
  inputs: BatchInputs,
  tables: BatchTables,
  workers: readonly StartingWorker[],
): readonly StartMove[] {
  const { slotCount, residenceSlots } = inputs
  const ready = workers.filter(({ readySlot }) => readySlot === 0)
  const notReady = workers.filter(({ readySlot }) => readySlot > 0 && readySlot < slotCount)
  const moves: StartMove[] = []
  for (const serving of subsetsOf(ready)) {
    const serves = inputs.states.stateOf(serving)
    for (const pending of subsetsOf(notReady)) {
      const isAll = serving.length === ready.length
      if (pending.length === 0 && !isAll) continue
      const readySlot = Math.max(0, ...pending.map((worker) => worker.readySlot))
      const residence = pending.length > 0 ? residenceSlots : 0
      const until = Math.min(slotCount, readySlot + residence)
      const arrives = inputs.states.stateOf([...serving, ...pending])
      if (arrives < 0 || serves < 0) continue
      const move = { serving, pending, serves, arrives, readySlot, until }
      moves.push(moveOf(inputs, tables, fitsThroughout(inputs, 0, until), move))
    }
  }
  return moves
}

function moveOf(
  inputs: BatchInputs,
  { served, toGo }: BatchTables,
  fits: Uint8Array,
  move: Omit<StartMove, 'value' | 'estimate'> & { readonly readySlot: number },
): StartMove {
  const { serves, arrives, readySlot, until } = move
  const at = (rows: readonly Float64Array[], slot: number, x: number) =>
    (rows[slot] as Float64Array)[x] as number
  const room = inputs.states.room[arrives] as number
  const before = at(served, 0, serves) - at(served, readySlot, serves)
  const after = at(served, readySlot, arrives) - at(served, until, arrives)
  const value = fits[room] === 1 ? before + after : Number.NEGATIVE_INFINITY
  return { ...move, value, estimate: value + at(toGo, until, arrives) }
}

export function subsetsOf<T>(items: readonly T[]): readonly (readonly T[])[] {
  const subsets: T[][] = [[]]
  for (const item of items) {
    for (const subset of [...subsets]) subsets.push([...subset, item])
  }
  return subsets
}
