import { must } from '../../base/assert.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import { slotsFor } from '../../core/plan/warm-up.ts'
import { type GpuSpace, gpuSpaceOf, spaceKeyOf } from './gpu-space.ts'
import { type GpuStart, gpuStartOf } from './gpu-start.ts'
import { type JointStates, jointStatesOf } from './joint-states.ts'
import { symmetriesOf } from './symmetry.ts'
import { type WindowTenant, windowTenantsOf } from './window-tenant.ts'

/** A planning problem, prepared: everything here is a function of the problem alone. */
export type WindowModel = {
  readonly problem: PlanningProblem
  readonly slotCount: number
  readonly residenceSlots: number
  readonly tenants: readonly WindowTenant[]
  readonly gpus: readonly WindowGpu[]
}

export type WindowGpu = {
  readonly gpu: number
  readonly space: GpuSpace
  readonly symmetries: readonly Int16Array[]
  readonly start: GpuStart
  /**
   * The joint states of these tenants (indices, ascending), built once; null where there are more
   * than `statesMax`.
   */
  readonly statesOf: (tenants: readonly number[], statesMax: number) => JointStates | null
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
  return { problem, slotCount, residenceSlots, tenants, gpus }
}

function gpuPartsOf(
  problem: PlanningProblem,
  gpu: number,
  tenants: readonly WindowTenant[],
): Omit<WindowGpu, 'gpu' | 'start'> {
  const space = gpuSpaceOf(problem, gpu)
  const known = new Map<string, JointStates | null>()
  const statesOf = (indices: readonly number[], statesMax: number): JointStates | null => {
    const canServe = indices.map((w) =>
      space.classes.map((k) => must(must(tenants[w]).canServe[k])),
    )
    const key = `${statesMax}|${canServe.map((kinds) => kinds.map(Number).join('')).join('|')}`
    const states = known.get(key)
    if (states !== undefined) return states
    const built = jointStatesOf(space, canServe, statesMax)
    known.set(key, built)
    return built
  }
  return { space, symmetries: symmetriesOf(space.places), statesOf }
}
