import { must } from '../../base/assert.ts'

/** A rate known with that many multiprocessors. */
export type RateKnot = { readonly multiprocessors: number; readonly rate: number }

/**
 * Most that a whole GPU gives over its largest MIG instance: by MIG an A100 loses 10 of 108
 * multiprocessors, and 2 to 6 % of the throughput of eleven models at batch 32 (measurements of
 * SUSTech MIG_Schedule, A100 80GB); the middle of that.
 */
const beyondMigMax = 1.04

/**
 * The rate with a share of a GPU, from what was measured on its MIG instances (ascending, at least
 * one): linear in multiprocessors between them, and down to nothing at none. Above the largest it
 * rises as it did before, by 4 % at most, and never falls. Nothing assumes that more is faster.
 */
export function rateOnShare(knots: readonly RateKnot[], multiprocessors: number): number {
  const last = must(knots.at(-1), 'A rate is derived from one that is known')
  if (multiprocessors > last.multiprocessors) return beyond(knots, last, multiprocessors)
  const above = knots.findIndex((knot) => knot.multiprocessors >= multiprocessors)
  const high = must(knots[above])
  const low = knots[above - 1] ?? { multiprocessors: 0, rate: 0 }
  const share =
    (multiprocessors - low.multiprocessors) / (high.multiprocessors - low.multiprocessors)
  return low.rate + share * (high.rate - low.rate)
}

function beyond(knots: readonly RateKnot[], last: RateKnot, multiprocessors: number): number {
  const before = knots.at(-2) ?? { multiprocessors: 0, rate: 0 }
  const slope = (last.rate - before.rate) / (last.multiprocessors - before.multiprocessors)
  const risen = last.rate + Math.max(0, slope) * (multiprocessors - last.multiprocessors)
  return Math.min(beyondMigMax * last.rate, risen)
}
