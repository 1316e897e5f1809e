import { must } from '../../base/assert.ts'
import type { GpuModel } from '../../core/mig/gpu-model.ts'
import { enumerateLayouts, type Layout } from '../../core/mig/layout.ts'
import { isSamePlacement, type PlacedProfile, sliceMaskOf } from '../../core/mig/placement.ts'
import type { PlanningGpu, PlanningProblem, RunningInstance } from '../../core/plan/problem.ts'
import { type GpuRoom, profilesBySize } from './gpu-room.ts'
import { isServedBy, type Wanted } from './wanted.ts'

/** Room for GPU instances: every legal layout is known, so what fits is looked up. */
export function migRoom(
  problem: PlanningProblem,
  gpu: number,
  staying: readonly PlacedProfile[],
): GpuRoom {
  const bySizes = layoutsBeside(must(problem.gpus[gpu]), staying)
  const running = problem.running.filter((own) => own.gpu === gpu)
  return {
    fits: (wanted) => bySizes.has(keyOf(wanted.map(({ size }) => size))),
    place: (wanted) => {
      const layouts = bySizes.get(keyOf(wanted.map(({ size }) => size))) ?? []
      let best: Assigned | null = null
      for (const placed of layouts) {
        const next = assign(problem, wanted, placed, running)
        if (best === null || next.merit > best.merit) best = next
      }
      return best?.placed ?? null
    },
  }
}

function keyOf(sizes: readonly number[]): string {
  return [...sizes].sort((a, b) => b - a).join()
}

/** What each layout adds to the staying instances, by the sizes of what it adds. */
function layoutsBeside(
  gpu: PlanningGpu,
  staying: readonly PlacedProfile[],
): ReadonlyMap<string, readonly (readonly PlacedProfile[])[]> {
  const profiles = profilesBySize(gpu)
  const bySizes = new Map<string, (readonly PlacedProfile[])[]>()
  for (const { placed } of layoutsOf(gpu)) {
    const added = placed.filter((own) => !staying.some((kept) => isSamePlacement(own, kept)))
    const isBeside = added.length === placed.length - staying.length
    const isPlain = added.every(({ profile }) => profiles.get(profile.computeSlices) === profile)
    if (!isBeside || !isPlain || isOnBlocked(gpu, added)) continue
    const key = keyOf(added.map(({ profile }) => profile.computeSlices))
    const alike = bySizes.get(key)
    if (alike === undefined) bySizes.set(key, [added])
    else alike.push(added)
  }
  return bySizes
}

function isOnBlocked({ blocked }: PlanningGpu, placed: readonly PlacedProfile[]): boolean {
  const mask = sliceMaskOf(placed)
  return blocked.some(({ start, size }) => (mask & (((1 << size) - 1) << start)) !== 0)
}

type Assigned = { readonly placed: readonly PlacedProfile[]; readonly merit: number }

/** Who gets which placement of a layout: first those who are there, then in order. */
function assign(
  problem: PlanningProblem,
  wanted: readonly Wanted[],
  placed: readonly PlacedProfile[],
  running: readonly RunningInstance[],
): Assigned {
  const free = [...placed]
  const taken: (PlacedProfile | null)[] = wanted.map((own) => {
    const found = free.findIndex((place) => {
      const there = runningAt(running, place)
      return isOfSize(place, own) && there !== undefined && isServedBy(problem, own, there)
    })
    return found < 0 ? null : must(free.splice(found, 1)[0])
  })
  const kept = taken.filter((place) => place !== null).length
  const reused = free.filter((place) => runningAt(running, place) !== undefined).length
  const all = taken.map((place, i) => {
    if (place !== null) return place
    const found = free.findIndex((other) => isOfSize(other, must(wanted[i])))
    return must(free.splice(found, 1)[0])
  })
  return { placed: all, merit: kept * (placed.length + 1) + reused }
}

function isOfSize({ profile }: PlacedProfile, { size }: Wanted): boolean {
  return profile.computeSlices === size
}

function runningAt(
  running: readonly RunningInstance[],
  { profile, start }: PlacedProfile,
): RunningInstance | undefined {
  return running.find((own) => own.profileId === profile.profileId && own.start === start)
}

const known = new WeakMap<GpuModel, Map<string, readonly Layout[]>>()

/** Enumerated once for a model and its allowed profiles. */
function layoutsOf({ model, profileIds }: PlanningGpu): readonly Layout[] {
  const byProfiles = known.get(model) ?? new Map<string, readonly Layout[]>()
  known.set(model, byProfiles)
  const key = profileIds.join()
  const layouts = byProfiles.get(key) ?? enumerateLayouts(model, profileIds)
  byProfiles.set(key, layouts)
  return layouts
}
