import { must } from '../../base/assert.ts'
import {
  aloneMultiprocessors,
  type ProcessCounts,
  processCounts,
  togetherMultiprocessors,
} from './process-counts.ts'
import { rateOnShare } from './share-rate.ts'

/**
 * How much longer anything takes on a share of a GPU while neighbours use all the rest, against a
 * MIG instance with as many multiprocessors: 1 + slope x (1 - share). MPS divides multiprocessors
 * only; caches and memory bandwidth are everybody's.
 */
export function slowdownOnShare(share: number, slope: number = interferenceSlope): number {
  return 1 + slope * (1 - share)
}

/**
 * The slope that measured process counts give, by least squares. Each of n processes on a GPU is
 * taken to have an n-th of it; without neighbours it would answer what MIG instances of that size
 * do (share-rate.ts).
 */
export function calibratedSlope(counts: readonly ProcessCounts[]): number {
  const points = counts.flatMap(pointsOf)
  const products = points.reduce((sum, { others, excess }) => sum + others * excess, 0)
  const squares = points.reduce((sum, { others }) => sum + others ** 2, 0)
  return products / squares
}

/** `others` is the share that neighbours have, `excess` how much longer everything takes. */
export type InterferencePoint = { readonly others: number; readonly excess: number }

export function pointsOf({ alone, together }: ProcessCounts): readonly InterferencePoint[] {
  const whole = must(together[0] ?? null, 'One process on the whole GPU is the reference')
  const known = alone.map((rate, i) => ({ rate, multiprocessors: must(aloneMultiprocessors[i]) }))
  const knots = [...known, { rate: whole, multiprocessors: togetherMultiprocessors }].flatMap(
    ({ rate, multiprocessors }) => (rate === null ? [] : [{ rate, multiprocessors }]),
  )
  return together.flatMap((rate, i): readonly InterferencePoint[] => {
    const processes = i + 1
    const multiprocessors = togetherMultiprocessors / processes
    // Smaller than any that was measured: no reference.
    if (multiprocessors < must(knots[0]).multiprocessors) return []
    if (rate === null || processes === 1) return []
    const isolated = rateOnShare(knots, multiprocessors)
    return [{ others: 1 - 1 / processes, excess: (isolated * processes) / rate - 1 }]
  })
}

/**
 * 0.045: four per cent slower with three neighbours. Half of the 62 points lie between 0 and 0.085,
 * which is the range to try when results are to be trusted.
 */
export const interferenceSlope = calibratedSlope(processCounts)
