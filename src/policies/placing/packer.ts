import { must } from '../../base/assert.ts'
import { profileById } from '../../core/mig/gpu-model.ts'
import type { InstancePlace } from '../../core/plan/plan-from-blocks.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import type { GpuRoom } from './gpu-room.ts'
import { migRoom } from './mig-room.ts'
import { shareRoom } from './share-room.ts'
import { isServedBy, type Wanted } from './wanted.ts'

/** Places instances on the GPUs of a problem beside those that stay. */
export type Packer = {
  /** Whether instances of these sizes fit; a no may be wrong where there are many GPUs. */
  readonly fits: (sizes: readonly number[]) => boolean
  /** Parallel to `wanted`; null where they do not fit. */
  readonly place: (wanted: readonly Wanted[]) => readonly InstancePlace[] | null
  /** A GPU for each size; null where they do not fit. */
  readonly distribute: (sizes: readonly number[]) => readonly number[] | null
  /** What each GPU has room for. */
  readonly gpus: readonly GpuRoom[]
}

/** Partial distributions over GPUs after which it is given up. */
const stepsMax = 20_000

export function packer(problem: PlanningProblem, staying: readonly InstancePlace[]): Packer {
  const rooms = problem.gpus.map(({ model }, gpu) => {
    const here = staying.filter((own) => own.gpu === gpu)
    const placed = here.map(({ profileId, start }) => ({
      profile: profileById(model, profileId),
      start,
    }))
    const room = model.sharing === undefined ? migRoom : shareRoom
    return room(problem, gpu, placed)
  })
  const known = new Map<string, boolean>()
  return {
    fits: (sizes) => {
      const sorted = [...sizes].sort((a, b) => b - a)
      const key = sorted.join()
      const found = known.get(key) ?? distribute(rooms, sorted, () => 0) !== null
      known.set(key, found)
      return found
    },
    place: (wanted) => placeAll(problem, rooms, wanted),
    distribute: (sizes) => distribute(rooms, sizes, () => 0),
    gpus: rooms,
  }
}

function placeAll(
  problem: PlanningProblem,
  rooms: readonly GpuRoom[],
  wanted: readonly Wanted[],
): readonly InstancePlace[] | null {
  const order = wanted.map((_, i) => i).sort((a, b) => sizeAt(b) - sizeAt(a) || a - b)
  const gpus = distribute(rooms, order.map(sizeAt), (i, gpu) =>
    runsOn(problem, gpu, must(wanted[must(order[i])])) ? 0 : 1,
  )
  if (gpus === null) return null
  const places = new Array<InstancePlace | null>(wanted.length).fill(null)
  for (const [gpu, room] of rooms.entries()) {
    const here = order.filter((_, i) => gpus[i] === gpu)
    const placed = must(room.place(here.map((i) => must(wanted[i]))))
    for (const [j, { profile, start }] of placed.entries()) {
      places[must(here[j])] = { gpu, profileId: profile.profileId, start }
    }
  }
  return places.map((place) => must(place))

  function sizeAt(i: number): number {
    return must(wanted[i]).size
  }
}

/** An instance of that size on that GPU serves its tenant already. */
function runsOn(problem: PlanningProblem, gpu: number, wanted: Wanted): boolean {
  const { model } = must(problem.gpus[gpu])
  return problem.running.some(
    (own) =>
      own.gpu === gpu &&
      profileById(model, own.profileId).computeSlices === wanted.size &&
      isServedBy(problem, wanted, own),
  )
}

/** A GPU for each size (largest first), by depth-first search, GPUs of low rank first. */
function distribute(
  rooms: readonly GpuRoom[],
  sizes: readonly number[],
  rank: (i: number, gpu: number) => number,
): readonly number[] | null {
  const here: number[][] = rooms.map(() => [])
  const chosen: number[] = []
  let steps = 0
  const extend = (i: number): boolean => {
    const size = sizes[i]
    if (size === undefined) return true
    const gpus = rooms.map((_, gpu) => gpu).sort((a, b) => rank(i, a) - rank(i, b) || a - b)
    for (const gpu of gpus) {
      steps += 1
      if (steps > stepsMax) return false
      const more = [...must(here[gpu]), size]
      if (!must(rooms[gpu]).fits(more)) continue
      here[gpu] = more
      chosen[i] = gpu
      if (extend(i + 1)) return true
      here[gpu] = more.slice(0, -1)
    }
    return false
  }
  return extend(0) ? chosen : null
}
