import type { PlanningProblem } from '../../core/plan/problem.ts'
import { classIndexOf } from '../../core/plan/slots.ts'
import { slotsFor } from '../../core/plan/warm-up.ts'
import type { GpuSpace } from './gpu-space.ts'

/** An inference worker that is there when the window starts, on a place of the GPU's space. */
export type StartingWorker = {
  /** Index of the tenant in the problem. */
  readonly tenant: number
  readonly place: number
  /** First slot in which it serves if it is kept. */
  readonly readySlot: number
}

/** What one GPU brings into the window. */
export type GpuStart = {
  /** The first layout costs no warm-up (design 001, line 2). */
  readonly isFree: boolean
  readonly workers: readonly StartingWorker[]
  /** Where a tenant's retraining runs now: tenant index and place. */
  readonly retraining: readonly { readonly tenant: number; readonly place: number }[]
}

/** Workers on placements that plans may not use any more cannot be kept, and are left out. */
export function gpuStartOf(problem: PlanningProblem, gpu: number, space: GpuSpace): GpuStart {
  const workers: StartingWorker[] = []
  const retraining: { tenant: number; place: number }[] = []
  for (const instance of problem.running) {
    const { worker } = instance
    if (instance.gpu !== gpu || worker === null) continue
    const classIndex = classIndexOf(problem, gpu, instance.profileId)
    const place = space.places.findIndex(
      ({ kind, start }) => start === instance.start && space.classes[kind] === classIndex,
    )
    const tenant = problem.tenants.findIndex(({ id }) => id === worker.tenant)
    if (place < 0 || tenant < 0) continue
    if (worker.role === 'retraining') {
      if (problem.tenants[tenant]?.underWay?.instanceId === instance.id) {
        retraining.push({ tenant, place })
      }
    } else if ((problem.tenants[tenant]?.serving[classIndex] ?? null) !== null) {
      const readySlot = slotsFor(worker.readyInSeconds, problem.slotSeconds)
      workers.push({ tenant, place, readySlot: problem.isFirstLayoutFree ? 0 : readySlot })
    }
  }
  return { isFree: problem.isFirstLayoutFree, workers, retraining }
}
