/**
 * A computation in pieces: it yields the steps of each piece as it goes, so that whoever drives it
 * may stop between two of them, and returns its result. A step is the relaxation of one state or
 * edge.
 */
export type Work<T = void> = Generator<number, T, void>

/** Steps after which a long computation yields: some milliseconds. */
export const pieceSteps = 200_000

/** What a slot of a programme costs beside its states and edges, in steps. */
export const slotSteps = 100

/** Yielded in place of steps by a search that can go on only once another has found more. */
export const waiting = -1

/**
 * Advances the one that has done less work so far, the first one's `lead` apart, until both are
 * done. Who waits passes the turn, and is left alone once the other is done.
 */
export function* byTurns(a: Work, b: Work, lead = 0): Work {
  let ahead = -lead
  let isADone = false
  let isBDone = false
  while (!isADone || !isBDone) {
    const isATurn: boolean = !isADone && (isBDone || ahead <= 0)
    const next: IteratorResult<number, void> = isATurn ? a.next() : b.next()
    if (next.done === true) {
      if (isATurn) isADone = true
      else isBDone = true
    } else if (next.value === waiting) {
      if (isADone || isBDone) return
      ahead = 0
    } else {
      ahead += isATurn ? next.value : -next.value
      yield next.value
    }
  }
}
