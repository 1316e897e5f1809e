import { must } from '../../base/assert.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import { slotsFor } from '../../core/plan/warm-up.ts'
import { countedStatesOf } from './counted-states.ts'
import { type GpuSpace, gpuSpaceOf, spaceKeyOf } from './gpu-space.ts'
import { type GpuStart, gpuStartOf } from './gpu-start.ts'
import { type FitsBeside, fitsBesideOf } from './handovers.ts'
import { placedStatesOf } from './placed-states.ts'
import type { ServingStates } from './serving-states.ts'
import { symmetriesOf } from './symmetry.ts'
import { type WindowTenant, windowTenantsOf } from './window-tenant.ts'
import type { Work } from './work.ts'

/** A planning problem, prepared: everything here is a function of the problem alone. */
export type WindowModel = {
  readonly problem: PlanningProblem
  readonly slotCount: number
  readonly residenceSlots: number
  readonly tenants: readonly WindowTenant[]
  readonly gpus: readonly WindowGpu[]
  /** Who may start beside whom; null where nobody may. */
  readonly fitsBeside: FitsBeside | null
}

export type WindowGpu = {
  readonly gpu: number
  readonly space: GpuSpace
  readonly symmetries: readonly Int16Array[]
  readonly start: GpuStart
  /**
   * The serving states of these tenants (indices, ascending) by counts, built once; null where
   * there are more than `statesMax`.
   */
  readonly countedStates: (tenants: readonly number[], statesMax: number) => ServingStates | null
  /** The same by places, built whenever they are asked for. */
  readonly placedStates: (
    tenants: readonly number[],
    statesMax: number,
  ) => Work<ServingStates | null>
}

export function windowModelOf(problem: PlanningProblem): WindowModel {
  const tenants = windowTenantsOf(problem)
  const shared = new Map<string, Omit<WindowGpu, 'gpu' | 'start'>>()
  const gpus = [...problem.gpus.keys()].map((gpu): WindowGpu => {
    const key = spaceKeyOf(problem, gpu)
    const parts = shared.get(key) ?? gpuPartsOf(problem, gpu, tenants)
    shared.set(key, parts)
    return { ...parts, gpu, start: gpuStartOf(problem, gpu, parts.space) }
  })
  const { slotCount, slotSeconds, residenceSecondsMin } = problem
  const residenceSlots = slotsFor(residenceSecondsMin, slotSeconds)
  const fitsBeside = fitsBesideOf(problem, tenants)
  return { problem, slotCount, residenceSlots, tenants, gpus, fitsBeside }
}

function gpuPartsOf(
  problem: PlanningProblem,
  gpu: number,
  tenants: readonly WindowTenant[],
): Omit<WindowGpu, 'gpu' | 'start'> {
  const space = gpuSpaceOf(problem, gpu)
  const symmetries = symmetriesOf(space.places)
  const known = new Map<string, ServingStates | null>()
  const canServe = (indices: readonly number[]) =>
    indices.map((w) => space.classes.map((k) => must(must(tenants[w]).canServe[k])))
  return {
    space,
    symmetries,
    countedStates: (indices, statesMax) => {
      const able = canServe(indices)
      const key = `${statesMax} ${able.map((kinds) => kinds.map(Number).join('')).join('|')}`
      const states = known.get(key)
      if (states !== undefined) return states
      const built = countedStatesOf(space, able, statesMax)
      known.set(key, built)
      return built
    },
    placedStates: (indices, statesMax) =>
      placedStatesOf(space, symmetries, canServe(indices), statesMax),
  }
}
