import { must } from '../base/assert.ts'
import { isMaximal, type Layout } from '../core/mig/layout.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { type ClassCounts, classCountsOf, legalLayouts } from './gpu-layouts.ts'
import type { Place } from './places.ts'

/**
 * A choice of layout for one GPU, as far as counts and the places in `anchors` can tell it apart.
 */
export type LayoutChoice = {
  readonly counts: ClassCounts
  /** Places of the anchors that the layout contains. */
  readonly anchored: readonly Place[]
}

/**
 * The layouts that a GPU needs to choose from when only counts matter, and, for `anchors`
 * (instances that may be kept where they are), whether the layout contains them. Of two layouts one
 * is dropped when the other has at least as many of every class and contains the same anchors: 19
 * maximal layouts of an A100's base profiles become 12.
 */
export function layoutChoices(
  problem: PlanningProblem,
  gpu: number,
  anchors: readonly Place[],
): readonly LayoutChoice[] {
  const own = anchors.filter((anchor) => anchor.gpu === gpu)
  const planningGpu = must(problem.gpus[gpu])
  const layouts = legalLayouts(planningGpu)
  const isFree = planningGpu.blocked.length === 0
  const maximal = isFree
    ? layouts.filter((layout) => isMaximal(layout, planningGpu.profileIds))
    : layouts
  const choices = maximal.map((layout) => ({
    counts: classCountsOf(problem, gpu, layout),
    anchored: own.filter((anchor) => contains(layout, anchor)),
  }))
  return choices.filter(
    (choice, i) =>
      !choices.some(
        (other, j) => j !== i && dominates(other, choice) && (!dominates(choice, other) || j < i),
      ),
  )
}

function contains(layout: Layout, { profile, start }: Place): boolean {
  return layout.placed.some(
    (placed) => placed.start === start && placed.profile.profileId === profile.profileId,
  )
}

/** At least as good whatever is asked of it. */
function dominates(a: LayoutChoice, b: LayoutChoice): boolean {
  return (
    b.anchored.every((anchor) => a.anchored.includes(anchor)) &&
    b.counts.every((count, k) => must(a.counts[k]) >= count)
  )
}

/** GPUs that can stand for each other: alike, nothing blocked, nothing running. [gpu, how many]. */
export function gpuGroups(
  problem: PlanningProblem,
  anchors: readonly Place[],
): readonly { readonly gpu: number; readonly count: number }[] {
  const groups = new Map<string, { gpu: number; count: number }>()
  for (const [gpu, { model, profileIds, blocked }] of problem.gpus.entries()) {
    const isPlain = blocked.length === 0 && anchors.every((anchor) => anchor.gpu !== gpu)
    const key = isPlain ? `${model.id} ${profileIds.join()}` : `gpu ${gpu}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { gpu, count: 1 })
    else group.count += 1
  }
  return [...groups.values()]
}
