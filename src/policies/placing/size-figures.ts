import { must } from '../../base/assert.ts'
import type { PlanningProblem, PlanningTenant } from '../../core/plan/problem.ts'
import { classIndexOf } from '../../core/plan/slots.ts'
import { profilesBySize } from './gpu-room.ts'

/** What a problem's instances are by size, for policies that think in shares of a GPU. */
export type SizeFigures = {
  /** Sizes there are, descending. */
  readonly sizes: readonly number[]
  /** All GPUs together, in the unit of sizes. */
  readonly total: number
  /** The class of that size, on the first GPU that has it. */
  readonly classOf: (size: number) => number
}

/**
 * With GPUs of several models the figures of a size are those of the first GPU with such a profile:
 * shares of a GPU know no models.
 */
export function sizeFigures(problem: PlanningProblem): SizeFigures {
  const classes = new Map<number, number>()
  for (const [gpu, own] of problem.gpus.entries()) {
    for (const [size, { profileId }] of profilesBySize(own)) {
      if (!classes.has(size)) classes.set(size, classIndexOf(problem, gpu, profileId))
    }
  }
  return {
    sizes: [...classes.keys()].sort((a, b) => b - a),
    total: problem.gpus.reduce((sum, { model }) => sum + model.computeSlices, 0),
    classOf: (size) => must(classes.get(size), `No instance has size ${size}`),
  }
}

/** An amount in as few instances as can be, the largest first; what is left over is none. */
export function splitIntoSizes(amount: number, sizes: readonly number[]): readonly number[] {
  const parts: number[] = []
  let left = amount
  for (const size of sizes) {
    while (size <= left) {
      parts.push(size)
      left -= size
    }
  }
  return parts
}

/** Requests per second that the tenant can sustain within its SLO on one instance of that class. */
export function capacityRps(tenant: PlanningTenant, classIndex: number): number {
  const way = tenant.serving[classIndex] ?? null
  return way === null ? 0 : way.capacityItemsPerSecond / tenant.itemsPerRequest
}

export function meanRps({ arrivals }: PlanningTenant): number {
  return meanOf(arrivals.meanRps)
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}
