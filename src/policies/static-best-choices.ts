import { must } from '../base/assert.ts'
import type { Hindsight } from '../core/hindsight.ts'
import { type PlacedProfile, sliceMaskOf } from '../core/mig/placement.ts'
import { contains, enumerateProfileCounts } from '../core/mig/profile-counts.ts'
import type { PlanningGpu, PlanningProblem } from '../core/plan/problem.ts'
import { classIndexOf } from '../core/plan/slots.ts'

/** Who holds an instance for the whole run: a tenant by index, the retraining pool, or nobody. */
export type FixedHolder = number
export const poolHolder: FixedHolder = -1
export const nobody: FixedHolder = -2

/** A layout of one GPU, with who could hold each of its instances. */
export type GpuOption = {
  readonly placed: readonly PlacedProfile[]
  readonly classes: readonly number[]
  readonly holders: readonly (readonly FixedHolder[])[]
}

/** A layout of one GPU with its holders, parallel to `option.placed`. */
export type GpuChoice = { readonly option: GpuOption; readonly holders: readonly FixedHolder[] }

/**
 * One layout for each multiset of profiles that no other contains, off blocked slices: an instance
 * more never does harm. Instances of one class stand together.
 */
export function optionsOf(hindsight: Hindsight): readonly (readonly GpuOption[])[] {
  const first = must(hindsight.windows[0])
  const holdersOf = first.classes.map((_, k) => holdersOfClass(hindsight, k))
  return first.gpus.map((gpu, index) =>
    unblockedLayouts(gpu).map((placed) => {
      const grouped = [...placed].sort((a, b) => classOf(a) - classOf(b) || a.start - b.start)
      const classes = grouped.map(classOf)
      return { placed: grouped, classes, holders: classes.map((k) => must(holdersOf[k])) }

      function classOf({ profile }: PlacedProfile): number {
        return classIndexOf(first, index, profile.profileId)
      }
    }),
  )
}

/** Every way to give the instances of an option to holders; like instances are not told apart. */
export function* choicesOf(option: GpuOption): Generator<GpuChoice> {
  const holders: FixedHolder[] = []
  yield* extend(0)

  function* extend(i: number): Generator<GpuChoice> {
    if (i === option.classes.length) {
      yield { option, holders: [...holders] }
      return
    }
    const possible = must(option.holders[i])
    const isAlike = i > 0 && option.classes[i] === option.classes[i - 1]
    const from = isAlike ? possible.indexOf(must(holders[i - 1])) : 0
    for (const holder of possible.slice(from)) {
      holders[i] = holder
      yield* extend(i + 1)
    }
  }
}

/** How many `choicesOf` yields. */
export function countChoices({ classes, holders }: GpuOption): number {
  let ways = 1
  let alike = 0
  for (const [i, k] of classes.entries()) {
    alike = i > 0 && classes[i - 1] === k ? alike + 1 : 1
    ways *= (must(holders[i]).length + alike - 1) / alike
  }
  return Math.round(ways)
}

function holdersOfClass(hindsight: Hindsight, k: number): readonly FixedHolder[] {
  const { tenants } = must(hindsight.windows[0])
  const serving = tenants.map((_, w) => w).filter((w) => canServe(must(tenants[w]), k))
  const isTrained = hindsight.windows.some((problem) => canTrain(problem, k))
  const holders = isTrained ? [...serving, poolHolder] : serving
  return holders.length > 0 ? holders : [nobody]
}

function canServe({ serving }: PlanningProblem['tenants'][number], k: number): boolean {
  return (serving[k] ?? null) !== null
}

function canTrain({ tenants }: PlanningProblem, k: number): boolean {
  return tenants.some(({ retraining }) =>
    retraining.some(({ secondsByClass }) => (secondsByClass[k] ?? null) !== null),
  )
}

function unblockedLayouts(gpu: PlanningGpu): readonly (readonly PlacedProfile[])[] {
  const blocked = gpu.blocked.reduce((mask, { start, size }) => {
    return mask | (((1 << size) - 1) << start)
  }, 0)
  const free = enumerateProfileCounts(gpu.model, gpu.profileIds).flatMap(({ counts, layouts }) => {
    const layout = layouts.find(({ placed }) => (sliceMaskOf(placed) & blocked) === 0)
    return layout === undefined ? [] : [{ counts, placed: layout.placed }]
  })
  return free
    .filter((own) => free.every((other) => other === own || !contains(other.counts, own.counts)))
    .map(({ placed }) => placed)
}
