import { must } from '../../base/assert.ts'
import { profileById } from '../../core/mig/gpu-model.ts'
import type { InstancePlace } from '../../core/plan/plan-from-blocks.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import type { MemoryNeed } from '../../core/workload/memory-need.ts'
import type { GpuRoom } from './gpu-room.ts'
import { migRoom } from './mig-room.ts'
import type { RetrainingBlock } from './retraining-choices.ts'
import { needOf, shareRoom } from './share-room.ts'
import { isServedBy, type Wanted } from './wanted.ts'

/** Places instances on the GPUs of a problem beside retrainings that stay where they are. */
export type Packer = {
  /** Whether these fit; a no may be wrong where there are many GPUs. */
  readonly fits: (wanted: readonly Wanted[]) => boolean
  /** Parallel to `wanted`; null where they do not fit. */
  readonly place: (wanted: readonly Wanted[]) => readonly InstancePlace[] | null
  /** A GPU for each; null where they do not fit. */
  readonly distribute: (wanted: readonly Wanted[]) => readonly number[] | null
  /** What each GPU has room for. */
  readonly gpus: readonly GpuRoom[]
}

/** Partial distributions over GPUs after which it is given up. */
const stepsMax = 20_000

/** `memory`: what workers of each tenant take where GPUs are shared; empty: not known. */
export function packer(
  problem: PlanningProblem,
  staying: readonly RetrainingBlock[],
  memory: readonly MemoryNeed[],
): Packer {
  const rooms = problem.gpus.map(({ model }, gpu) => {
    const here = staying.filter(({ place }) => place.gpu === gpu)
    const placed = here.map(({ place: { profileId, start } }) => ({
      profile: profileById(model, profileId),
      start,
    }))
    if (model.sharing === undefined) return migRoom(problem, gpu, placed)
    const stayingMiB = here.reduce((sum, { tenantIndex }) => {
      return sum + needOf(memory, { tenantIndex, role: 'retraining' })
    }, 0)
    return shareRoom(problem, gpu, { staying: placed, stayingMiB, memory })
  })
  const known = new Map<string, boolean>()
  return {
    fits: (wanted) => {
      const sorted = wanted.toSorted(largestFirst)
      const key = sorted.map((own) => `${own.size} ${own.tenantIndex} ${own.role}`).join()
      const found = known.get(key) ?? distribute(rooms, sorted, () => 0) !== null
      known.set(key, found)
      return found
    },
    place: (wanted) => placeAll(problem, rooms, wanted),
    distribute: (wanted) => distribute(rooms, wanted, () => 0),
    gpus: rooms,
  }
}

function largestFirst(a: Wanted, b: Wanted): number {
  return b.size - a.size || a.tenantIndex - b.tenantIndex
}

function placeAll(
  problem: PlanningProblem,
  rooms: readonly GpuRoom[],
  wanted: readonly Wanted[],
): readonly InstancePlace[] | null {
  const order = wanted.map((_, i) => i).sort((a, b) => largestFirst(at(a), at(b)) || a - b)
  const gpus = distribute(rooms, order.map(at), (own, gpu) => (runsOn(problem, gpu, own) ? 0 : 1))
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

  function at(i: number): Wanted {
    return must(wanted[i])
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

/** A GPU for each, by depth-first search, GPUs of low rank first. */
function distribute(
  rooms: readonly GpuRoom[],
  wanted: readonly Wanted[],
  rank: (wanted: Wanted, gpu: number) => number,
): readonly number[] | null {
  const here: Wanted[][] = rooms.map(() => [])
  const chosen: number[] = []
  let steps = 0
  const extend = (i: number): boolean => {
    const next = wanted[i]
    if (next === undefined) return true
    const gpus = rooms.map((_, gpu) => gpu).sort((a, b) => rank(next, a) - rank(next, b) || a - b)
    for (const gpu of gpus) {
      steps += 1
      if (steps > stepsMax) return false
      const more = [...must(here[gpu]), next]
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
