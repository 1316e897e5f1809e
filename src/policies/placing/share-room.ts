import { must } from '../../base/assert.ts'
import type { PlacedProfile } from '../../core/mig/placement.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import type { MemoryNeed } from '../../core/workload/memory-need.ts'
import { type GpuRoom, profilesBySize } from './gpu-room.ts'
import { isServedBy, type Wanted } from './wanted.ts'

/** What stays on a shared GPU, and what each tenant's workers take of its memory. */
export type ShareResidents = {
  readonly staying: readonly PlacedProfile[]
  readonly stayingMiB: number
  /** By tenant; absent: nothing is known. */
  readonly memory: readonly MemoryNeed[]
}

/** Room for shares of a whole GPU: up to 100 %, a seat for each, and memory for all. */
export function shareRoom(
  problem: PlanningProblem,
  gpu: number,
  { staying, stayingMiB, memory }: ShareResidents,
): GpuRoom {
  const own = must(problem.gpus[gpu])
  const profiles = profilesBySize(own)
  const taken = staying.reduce((sum, { profile }) => sum + profile.computeSlices, 0)
  const seats = seatsOf(own.model.memorySlices, own.blocked, staying)
  const memoryMiB = own.model.profiles[0]?.memoryMiB ?? Infinity
  const fits = (wanted: readonly Wanted[]): boolean => {
    const size = wanted.reduce((sum, { size: each }) => sum + each, 0)
    const needMiB = wanted.reduce((sum, each) => sum + needOf(memory, each), stayingMiB)
    const isOffered = wanted.every(({ size: each }) => profiles.has(each))
    const isSeated = wanted.length <= seats.length
    return isOffered && isSeated && taken + size <= own.model.computeSlices && needMiB <= memoryMiB
  }
  return {
    fits,
    place: (wanted) => {
      if (!fits(wanted)) return null
      const chosen = seatsFor(problem, { gpu, seats }, wanted)
      return wanted.map(({ size }, i) => ({
        profile: must(profiles.get(size)),
        start: must(chosen[i]),
      }))
    },
  }
}

/** MiB that such a worker takes; 0 where nothing says it. */
export function needOf(
  memory: readonly MemoryNeed[],
  { tenantIndex, role }: Pick<Wanted, 'tenantIndex' | 'role'>,
): number {
  const need = memory[tenantIndex]
  return (role === 'inference' ? need?.inferenceMiB : need?.retrainingMiB) ?? 0
}

function seatsOf(
  count: number,
  blocked: readonly { readonly start: number; readonly size: number }[],
  staying: readonly PlacedProfile[],
): readonly number[] {
  return Array.from({ length: count }, (_, seat) => seat).filter((seat) => {
    const isBlocked = blocked.some(({ start, size }) => start <= seat && seat < start + size)
    return !isBlocked && staying.every(({ start }) => start !== seat)
  })
}

/** Who has a share of that size keeps it; the others get seats that nobody has, while there are. */
function seatsFor(
  problem: PlanningProblem,
  { gpu, seats }: { readonly gpu: number; readonly seats: readonly number[] },
  wanted: readonly Wanted[],
): readonly number[] {
  const here = problem.running.filter((own) => own.gpu === gpu)
  const left = new Set(seats)
  const kept = wanted.map((own) => {
    const found = here.find((running) => {
      const isAlike = running.profileId === own.size && left.has(running.start)
      return isAlike && isServedBy(problem, own, running)
    })
    if (found !== undefined) left.delete(found.start)
    return found?.start ?? null
  })
  const isEmpty = (seat: number) => here.every(({ start }) => start !== seat)
  const free = [...left].sort((a, b) => Number(isEmpty(b)) - Number(isEmpty(a)) || a - b)
  return kept.map((seat) => seat ?? must(free.shift()))
}
