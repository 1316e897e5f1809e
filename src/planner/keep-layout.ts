import { must } from '../base/assert.ts'
import type { Grid } from './grid.ts'
import { placeOf } from './places.ts'
import { inferenceJob, type Job, trainingJob } from './schedule.ts'

/**
 * The schedule that changes nothing: what serves goes on serving to the problem's end, a retraining
 * that runs goes on. Always legal, floors apart; the fall-back when nothing better was found.
 */
export function keepLayout(grid: Grid): readonly Job[] {
  const { problem, places } = grid
  return problem.running.flatMap((instance): readonly Job[] => {
    const place = placeOf(places, instance)
    const { worker } = instance
    const tenant = problem.tenants.findIndex(({ id }) => id === worker?.tenant)
    if (place === null || worker === null || tenant < 0) return []
    if (worker.role === 'retraining') {
      const { training } = must(grid.tenants[tenant])
      const option = training.find(({ kind, at }) => kind === 'continue' && at === place)
      const isUseful = option !== undefined && option.span.warmUpSlots < problem.slotCount
      return isUseful ? [trainingJob(tenant, option, place, 0)] : []
    }
    const job = inferenceJob(grid, tenant, place, { from: 0, until: problem.slotCount })
    const canServe = (must(problem.tenants[tenant]).serving[place.classIndex] ?? null) !== null
    return canServe && job.servesFrom < job.until ? [job] : []
  })
}
