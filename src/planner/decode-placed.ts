import { must } from '../base/assert.ts'
import type { Formulation } from './formulation.ts'
import { latestStart } from './holding.ts'
import type { PlacedHoldings } from './placed-space.ts'
import { inferenceJob, type Job, mergeJobs, trainingJob } from './schedule.ts'

/** The jobs that a solution of the placed formulation stands for. */
export function decodePlaced(
  { grid, train }: Formulation,
  { on }: PlacedHoldings,
  values: Float64Array,
): readonly Job[] {
  const isOne = (variable: number | undefined) => (values[must(variable)] as number) > 0.5
  const jobs: Job[] = train
    .filter(({ variable }) => isOne(variable))
    .map(({ tenant, option, place, step }) =>
      trainingJob(tenant, option, must(place), must(grid.edges[step])),
    )
  for (const tenant of grid.tenants) {
    for (const place of grid.places) {
      const serves = must(on[tenant.index]?.[place.index])
      for (let step = 0; step < serves.length; step += 1) {
        if (!isOne(serves[step])) continue
        let end = step + 1
        while (end < serves.length && isOne(serves[end])) end += 1
        const from = must(latestStart(grid, tenant, place, step))
        const slot = from === 0 ? 0 : must(grid.edges[step]) - tenant.warmUpSlots
        jobs.push(
          inferenceJob(grid, tenant.index, place, { from: slot, until: must(grid.edges[end]) }),
        )
        step = end
      }
    }
  }
  return mergeJobs(grid, jobs)
}
