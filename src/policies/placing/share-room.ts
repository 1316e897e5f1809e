import { must } from '../../base/assert.ts'
import type { PlacedProfile } from '../../core/mig/placement.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import { type GpuRoom, profilesBySize } from './gpu-room.ts'
import { isServedBy, type Wanted } from './wanted.ts'

/** Room for shares of a whole GPU: up to 100 %, and a seat for each. */
export function shareRoom(
  problem: PlanningProblem,
  gpu: number,
  staying: readonly PlacedProfile[],
): GpuRoom {
  const own = must(problem.gpus[gpu])
  const profiles = profilesBySize(own)
  const taken = staying.reduce((sum, { profile }) => sum + profile.computeSlices, 0)
  const seats = seatsOf(own.model.memorySlices, own.blocked, staying)
  const fits = (sizes: readonly number[]): boolean => {
    const wanted = sizes.reduce((sum, size) => sum + size, 0)
    const isOffered = sizes.every((size) => profiles.has(size))
    return isOffered && sizes.length <= seats.length && taken + wanted <= own.model.computeSlices
  }
  return {
    fits,
    place: (wanted) => {
      if (!fits(wanted.map(({ size }) => size))) return null
      const chosen = seatsFor(problem, { gpu, seats }, wanted)
      return wanted.map(({ size }, i) => ({
        profile: must(profiles.get(size)),
        start: must(chosen[i]),
      }))
    },
  }
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
