/**
 * A computation in pieces: it yields the steps of each piece as it goes, so that whoever drives it may
 * stop between two of them, and returns its result. A step is the relaxation of one state or edge.
 */
export type Work<T = void> = Generator<number, T, void>

/** Steps after which a long computation yields: some milliseconds. */
export const pieceSteps = 200_000

/** What a slot of a programme costs beside its states and edges, in steps. */
export const slotSteps = 100

/** Yielded in place of steps by a search that can go on only once another has found more. */
export const waiting = -1
