import { must } from '../../base/assert.ts'
import { profileById } from '../../core/mig/gpu-model.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import type { Deployment } from './deployment.ts'

/** What serves now, where every tenant has instances, and all of one size. */
export function runningDeployment({ tenants, running, gpus }: PlanningProblem): Deployment | null {
  const stages = tenants.map(({ id }) => {
    const sizes = running.flatMap(({ gpu, profileId, worker }) => {
      const isOurs = worker?.role === 'inference' && worker.tenant === id
      return isOurs ? [profileById(must(gpus[gpu]).model, profileId).computeSlices] : []
    })
    const size = sizes[0]
    if (size === undefined || sizes.some((own) => own !== size)) return null
    return { instances: sizes.length, size }
  })
  if (stages.some((own) => own === null)) return null
  return stages.map((own) => [must(own)])
}
