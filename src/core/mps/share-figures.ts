import { must } from '../../base/assert.ts'
import type { GpuModel } from '../mig/gpu-model.ts'
import type { InstanceClass } from '../plan/problem.ts'
import type { BatchPoint } from '../workload/serving-capability.ts'
import { slowdownOnShare } from './interference.ts'
import { wholeMultiprocessors } from './share-model.ts'
import { type RateKnot, rateOnShare } from './share-rate.ts'

/** Something known on instance classes of one GPU model, by its multiprocessors, ascending. */
export type KnownOn<T> = readonly { readonly multiprocessors: number; readonly known: T }[]

/**
 * What is known on the model's classes, the first of those with equally many multiprocessors.
 * Where no source gives those, compute slices stand for them.
 */
export function knownOn<T>(
  model: GpuModel,
  classes: readonly InstanceClass[],
  figures: readonly (T | null)[],
): KnownOn<T> {
  const found = new Map<number, T>()
  for (const [k, { gpuModelId, profileId }] of classes.entries()) {
    const profile = model.profiles.find((own) => own.profileId === profileId)
    const known = figures[k] ?? null
    if (gpuModelId !== model.id || profile === undefined || known === null) continue
    const size = hasMultiprocessors(model) ? profile.multiprocessorCount : profile.computeSlices
    if (!found.has(must(size))) found.set(must(size), known)
  }
  return [...found]
    .map(([multiprocessors, known]) => ({ multiprocessors, known }))
    .sort((a, b) => a.multiprocessors - b.multiprocessors)
}

function hasMultiprocessors({ profiles }: GpuModel): boolean {
  return profiles.every(({ multiprocessorCount }) => multiprocessorCount !== undefined)
}

/** How much of a GPU a share is, in the unit of `knownOn`. */
export function sizeOfShare(model: GpuModel, percent: number): number {
  const slices = model.computeSlices
  const whole = hasMultiprocessors(model) ? must(wholeMultiprocessors(model)) : slices
  return (whole * percent) / 100
}

/** How a share is held: by MPS beside busy neighbours, or the whole GPU in turns. */
export type ShareUse = { readonly sharing: 'mps' | 'time-slicing'; readonly percent: number }

/**
 * A rate on a share, from the same rate on MIG instances (ascending, at least one). By MPS what
 * instances with as many multiprocessors would give, slowed down by neighbours; by time slicing
 * the whole GPU's, in every n-th turn of n.
 */
export function rateOf(model: GpuModel, knots: readonly RateKnot[], use: ShareUse): number {
  const { sharing, percent } = use
  if (sharing === 'time-slicing') {
    const turns = Math.floor(100 / percent)
    return rateOnShare(knots, sizeOfShare(model, 100)) / turns
  }
  return rateOnShare(knots, sizeOfShare(model, percent)) / slowdownOnShare(percent / 100)
}

/** Execution times on a share, at every batch size that was measured on some class. */
export function pointsOnShare(
  model: GpuModel,
  known: KnownOn<readonly BatchPoint[]>,
  use: ShareUse,
): readonly BatchPoint[] | null {
  const sizes = new Set(known.flatMap(({ known: points }) => points.map(({ items }) => items)))
  const points = [...sizes]
    .sort((a, b) => a - b)
    .map((items): BatchPoint => {
      const knots = known.flatMap(({ multiprocessors, known: own }) => {
        const point = own.find((other) => other.items === items)
        return point === undefined ? [] : [{ multiprocessors, rate: items / point.latencySeconds }]
      })
      return { items, latencySeconds: items / rateOf(model, knots, use) }
    })
  return points.length === 0 ? null : points
}

/** Seconds of some work on a share; null where it runs on no class of the model. */
export function secondsOnShare(
  model: GpuModel,
  known: KnownOn<number>,
  use: ShareUse,
): number | null {
  if (known.length === 0) return null
  const knots = known.map(({ multiprocessors, known: seconds }) => ({
    multiprocessors,
    rate: 1 / seconds,
  }))
  return 1 / rateOf(model, knots, use)
}
