import { assert } from '../../base/assert.ts'
import type { GpuModel } from './gpu-model.ts'
import {
  allPlacements,
  isSamePlacement,
  overlaps,
  type PlacedProfile,
  sliceMask,
  sliceMaskOf,
} from './placement.ts'
import type { GpuInstanceProfile } from './profile.ts'

declare const checked: unique symbol

/**
 * Placed GPU instances of one GPU that may exist at the same time, ordered by start. Made only by
 * this file, so that whoever holds a Layout holds a legal one.
 */
export type Layout = {
  readonly model: GpuModel
  readonly placed: readonly PlacedProfile[]
  readonly [checked]: true
}

/** Why placed profiles cannot exist together on one GPU. */
export type LayoutProblem =
  | {
      readonly kind: 'not-possible'
      readonly placed: PlacedProfile
      readonly allowedStarts: readonly number[]
    }
  | { readonly kind: 'overlap'; readonly placed: PlacedProfile; readonly with: PlacedProfile }
  | {
      readonly kind: 'too-many-instances'
      readonly profile: GpuInstanceProfile
      readonly count: number
    }
  | { readonly kind: 'too-many-compute-slices'; readonly used: number; readonly available: number }
  /** Both want the media engines: two `+me`, or anything but `-me` beside `+me.all`. */
  | {
      readonly kind: 'media-engines-taken'
      readonly placed: PlacedProfile
      readonly by: PlacedProfile
    }

export type PlaceResult = { readonly kind: 'placed'; readonly layout: Layout } | LayoutProblem

export type RemoveResult =
  | { readonly kind: 'removed'; readonly layout: Layout }
  | { readonly kind: 'not-there' }

export function emptyLayout(model: GpuModel): Layout {
  return layoutOf(model, [])
}

/** The first reason why these cannot be one layout of the GPU, or null: they are legal. */
export function checkLayout(
  model: GpuModel,
  placed: readonly PlacedProfile[],
): LayoutProblem | null {
  for (let i = 0; i < placed.length; i += 1) {
    const problem = problemOfAdding(model, placed.slice(0, i), placed[i] as PlacedProfile)
    if (problem !== null) return problem
  }
  return null
}

/** These as a Layout, or why they are none. */
export function layoutFrom(model: GpuModel, placed: readonly PlacedProfile[]): PlaceResult {
  const problem = checkLayout(model, placed)
  return problem ?? { kind: 'placed', layout: layoutOf(model, placed) }
}

/** The layout with one more GPU instance, or why it cannot be created. */
export function place(layout: Layout, profile: GpuInstanceProfile, start: number): PlaceResult {
  const added = { profile, start }
  const problem = problemOfAdding(layout.model, layout.placed, added)
  return problem ?? { kind: 'placed', layout: layoutOf(layout.model, [...layout.placed, added]) }
}

/** The layout without that GPU instance. */
export function remove(layout: Layout, profile: GpuInstanceProfile, start: number): RemoveResult {
  const gone = { profile, start }
  const left = layout.placed.filter((placed) => !isSamePlacement(placed, gone))
  if (left.length === layout.placed.length) return { kind: 'not-there' }
  return { kind: 'removed', layout: layoutOf(layout.model, left) }
}

/**
 * Every layout of these profiles, the empty one first: depth first over `allPlacements`, so the
 * order is stable. 298 on an A100's base profiles.
 */
export function enumerateLayouts(
  model: GpuModel,
  profileIds: readonly number[],
): readonly Layout[] {
  return enumerateExtensions(emptyLayout(model), profileIds)
}

/** Every layout that has all of `layout` and beside it only these profiles; `layout` first. */
export function enumerateExtensions(
  layout: Layout,
  profileIds: readonly number[],
): readonly Layout[] {
  const placements = allPlacements(layout.model, profileIds)
  const found: Layout[] = []
  const extend = (now: Layout, from: number): void => {
    found.push(now)
    for (let i = from; i < placements.length; i += 1) {
      const { profile, start } = placements[i] as PlacedProfile
      const next = place(now, profile, start)
      if (next.kind === 'placed') extend(next.layout, i + 1)
    }
  }
  extend(layout, 0)
  return found
}

/** Whether no GPU instance of these profiles could be created beside it. */
export function isMaximal(layout: Layout, profileIds: readonly number[]): boolean {
  return allPlacements(layout.model, profileIds).every(
    ({ profile, start }) => place(layout, profile, start).kind !== 'placed',
  )
}

/** Two layouts with the same instances at the same places of the same GPU model. */
export function isSameLayout(a: Layout, b: Layout): boolean {
  return (
    a.model.id === b.model.id &&
    a.placed.length === b.placed.length &&
    a.placed.every((placed, i) => isSamePlacement(placed, b.placed[i] as PlacedProfile))
  )
}

function layoutOf(model: GpuModel, placed: readonly PlacedProfile[]): Layout {
  const ordered = [...placed].sort((a, b) => a.start - b.start)
  return { model, placed: ordered } as unknown as Layout
}

function problemOfAdding(
  model: GpuModel,
  placed: readonly PlacedProfile[],
  added: PlacedProfile,
): LayoutProblem | null {
  const { profile, start } = added
  assert(
    model.profiles.some((own) => own.profileId === profile.profileId && own.name === profile.name),
    `${profile.name} is no GPU instance profile of ${model.id}`,
  )
  if (!profile.starts.includes(start)) {
    return { kind: 'not-possible', placed: added, allowedStarts: profile.starts }
  }
  if ((sliceMaskOf(placed) & sliceMask(profile, start)) !== 0) {
    const other = placed.find((held) => overlaps(held, added)) as PlacedProfile
    return { kind: 'overlap', placed: added, with: other }
  }
  const alike = placed.filter((held) => held.profile.profileId === profile.profileId).length
  if (alike >= profile.instanceCountMax) {
    return { kind: 'too-many-instances', profile, count: alike + 1 }
  }
  const used = placed.reduce((sum, held) => sum + held.profile.computeSlices, profile.computeSlices)
  if (used > model.computeSlices) {
    return { kind: 'too-many-compute-slices', used, available: model.computeSlices }
  }
  const rival = placed.find((held) => contendForMediaEngines(held.profile, profile))
  return rival === undefined ? null : { kind: 'media-engines-taken', placed: added, by: rival }
}

/**
 * One GPU instance with `+me` a GPU; beside a `+me.all` nothing but `-me` (NVIDIA's nvml.h, at
 * NVML_GPU_INSTANCE_PROFILE_1_SLICE_ALL_ME).
 */
function contendForMediaEngines(a: GpuInstanceProfile, b: GpuInstanceProfile): boolean {
  if (a.attribute === '+me' && b.attribute === '+me') return true
  if (a.attribute === '+me.all') return b.attribute !== '-me'
  if (b.attribute === '+me.all') return a.attribute !== '-me'
  return false
}
