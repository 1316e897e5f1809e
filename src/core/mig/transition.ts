import { assert, must } from '../../base/assert.ts'
import { type Layout, place, remove } from './layout.ts'
import { isSamePlacement, type PlacedProfile } from './placement.ts'

/** One operation on a GPU. Operations on one GPU are serial, so a transition is a list of them. */
export type Step =
  | { readonly kind: 'create'; readonly placed: PlacedProfile }
  | { readonly kind: 'destroy'; readonly placed: PlacedProfile }

/**
 * The fewest steps from one layout to another: what is in both is not touched. What fits is created
 * first; then, for the new GPU instance with the fewest in its way, exactly those are destroyed,
 * and so on. Every layout on the way is legal. It is empty on the way only if it has to be: when
 * every new instance is in the way of every old one. (The first create on an empty GPU needs the
 * whole GPU idle, so zero instances are worth avoiding.)
 */
export function transition(from: Layout, to: Layout): readonly Step[] {
  assert(from.model.id === to.model.id, 'A transition stays on one GPU model')
  let now = from
  let gone = from.placed.filter((old) => !to.placed.some((kept) => isSamePlacement(old, kept)))
  let born = to.placed.filter((added) => !from.placed.some((kept) => isSamePlacement(added, kept)))
  const steps: Step[] = []
  const destroy = (placed: PlacedProfile): void => {
    steps.push({ kind: 'destroy', placed })
    now = without(now, placed)
    gone = gone.filter((old) => old !== placed)
  }
  while (born.length > 0) {
    const next = leastObstructed(now, born, gone)
    for (const placed of next.inTheWay) destroy(placed)
    steps.push({ kind: 'create', placed: next.added })
    now = withAdded(now, next.added)
    born = born.filter((added) => added !== next.added)
  }
  for (const placed of gone) destroy(placed)
  return steps
}

/** The layout after that step; a step that is not possible is a bug of whoever made it. */
export function applyStep(layout: Layout, step: Step): Layout {
  switch (step.kind) {
    case 'create':
      return withAdded(layout, step.placed)
    case 'destroy':
      return without(layout, step.placed)
  }
}

/** Every layout from the first to the last, one more than there are steps. */
export function layoutsAlong(from: Layout, steps: readonly Step[]): readonly Layout[] {
  const along = [from]
  for (const step of steps) along.push(applyStep(must(along.at(-1)), step))
  return along
}

/** Whether the GPU has no instance at some moment between the first and the last layout. */
export function passesThroughEmpty(from: Layout, steps: readonly Step[]): boolean {
  return layoutsAlong(from, steps)
    .slice(1, -1)
    .some((layout) => layout.placed.length === 0)
}

type Obstructed = { readonly added: PlacedProfile; readonly inTheWay: readonly PlacedProfile[] }

/** Lowest start on a tie. */
function leastObstructed(
  now: Layout,
  born: readonly PlacedProfile[],
  gone: readonly PlacedProfile[],
): Obstructed {
  let best: Obstructed | undefined
  for (const added of born) {
    const inTheWay = obstacles(now, added, gone)
    if (best === undefined || inTheWay.length < best.inTheWay.length) best = { added, inTheWay }
    if (inTheWay.length === 0) break
  }
  return must(best)
}

/** Which of `gone` to destroy, and no more, so that `added` can be created. */
function obstacles(
  now: Layout,
  added: PlacedProfile,
  gone: readonly PlacedProfile[],
): readonly PlacedProfile[] {
  const found: PlacedProfile[] = []
  let layout = now
  for (;;) {
    const result = place(layout, added.profile, added.start)
    if (result.kind === 'placed') return found
    const left = gone.filter((old) => !found.includes(old))
    const obstacle = must(
      left.find((old) => {
        switch (result.kind) {
          case 'overlap':
            return isSamePlacement(old, result.with)
          case 'media-engines-taken':
            return isSamePlacement(old, result.by)
          case 'too-many-instances':
            return old.profile.profileId === added.profile.profileId
          case 'too-many-compute-slices':
            return true
          case 'not-possible':
            return false
        }
        return false
      }),
      'What is in the way of a legal layout is not part of it',
    )
    found.push(obstacle)
    layout = without(layout, obstacle)
  }
}

function withAdded(layout: Layout, { profile, start }: PlacedProfile): Layout {
  const result = place(layout, profile, start)
  assert(result.kind === 'placed', `Cannot create ${profile.name} at ${start}: ${result.kind}`)
  return result.layout
}

function without(layout: Layout, { profile, start }: PlacedProfile): Layout {
  const result = remove(layout, profile, start)
  assert(result.kind === 'removed', `Cannot destroy ${profile.name} at ${start}: it is not there`)
  return result.layout
}
