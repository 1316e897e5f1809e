import { must } from '../base/assert.ts'
import { enumerateLayouts, type Layout } from '../core/mig/layout.ts'
import { sliceMaskOf } from '../core/mig/placement.ts'
import type { PlanningGpu, PlanningProblem } from '../core/plan/problem.ts'
import { classIndexOf } from '../core/plan/slots.ts'

/** A legal set of instances of one GPU, as a count per class of the problem. */
export type ClassCounts = readonly number[]

const known = new WeakMap<PlanningGpu['model'], Map<string, readonly Layout[]>>()

/**
 * Every legal layout of the GPU's allowed profiles that touches no blocked slice, the empty first.
 */
export function legalLayouts({ model, profileIds, blocked }: PlanningGpu): readonly Layout[] {
  const ofModel = known.get(model) ?? new Map<string, readonly Layout[]>()
  known.set(model, ofModel)
  const key = profileIds.join(' ')
  const layouts = ofModel.get(key) ?? enumerateLayouts(model, profileIds)
  ofModel.set(key, layouts)
  const blockedMask = blocked.reduce(
    (mask, { start, size }) => mask | (((1 << size) - 1) << start),
    0,
  )
  if (blockedMask === 0) return layouts
  return layouts.filter((layout) => (sliceMaskOf(layout.placed) & blockedMask) === 0)
}

export function classCountsOf(problem: PlanningProblem, gpu: number, layout: Layout): ClassCounts {
  const counts = problem.classes.map(() => 0)
  for (const { profile } of layout.placed) {
    const classIndex = classIndexOf(problem, gpu, profile.profileId)
    if (classIndex >= 0) counts[classIndex] = must(counts[classIndex]) + 1
  }
  return counts
}

/** The distinct counts of a GPU's layouts, in the order of the layouts. */
export function distinctCounts(problem: PlanningProblem, gpu: number): readonly ClassCounts[] {
  const byKey = new Map<string, ClassCounts>()
  for (const layout of legalLayouts(must(problem.gpus[gpu]))) {
    const counts = classCountsOf(problem, gpu, layout)
    byKey.set(counts.join(), counts)
  }
  return [...byKey.values()]
}
