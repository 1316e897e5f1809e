import { must } from '../base/assert.ts'
import type { Grid } from './grid.ts'
import { inferenceJob, type Job, sharesSlices, trainingJob } from './schedule.ts'
import { mayStart } from './training-options.ts'

/** A change of a schedule: jobs that go and jobs that come. */
export type Edit = { readonly removed: readonly Job[]; readonly added: readonly Job[] }

/** Most jobs that one edit may push before it is given up. */
const pushesMax = 12

/**
 * The edit that replaces `removed` by `wanted` and lets whatever is in their way give way:
 * inference is cut before and after, a retraining that would begin later begins after what pushes
 * it. Null where something cannot give way. Limits other than memory slices are not looked at here.
 */
export function makeRoom(
  grid: Grid,
  jobs: readonly Job[],
  { removed, added: wanted }: Edit,
): Edit | null {
  const gone = new Set(removed)
  const added: Job[] = []
  const queue = [...wanted]
  for (let pushes = 0; queue.length > 0; pushes += 1) {
    if (pushes > pushesMax) return null
    const job = must(queue.shift())
    if (!isPossible(grid, job)) return null
    if ([...added, ...queue].some((other) => collides(job, other))) return null
    for (const other of jobs) {
      if (gone.has(other) || !collides(job, other)) continue
      const rest = givesWay(grid, other, job)
      if (rest === null) return null
      gone.add(other)
      queue.push(...rest)
    }
    added.push(job)
  }
  return { removed: [...gone], added }
}

export function collides(a: Job, b: Job): boolean {
  return sharesSlices(a.place, b.place) && a.from < b.until && b.from < a.until
}

/** Inside the problem, and of some use. */
export function isPossible(grid: Grid, { from, servesFrom, until, training, place }: Job): boolean {
  if (from < 0) return false
  if (training !== null) {
    return mayStart(training, from, grid.problem.slotCount) && place !== training.notAt
  }
  return servesFrom < until && until <= grid.problem.slotCount
}

/** What is left of a job when another takes the slots [by.from, by.until) of its slices. */
function givesWay(grid: Grid, job: Job, by: Job): readonly Job[] | null {
  const { tenant, place, training, from, until } = job
  if (training !== null) {
    if (training.kind === 'continue' || by.from > from) return null
    return [trainingJob(tenant, training, place, by.until)]
  }
  const before = inferenceJob(grid, tenant, place, { from, until: Math.min(until, by.from) })
  const after = inferenceJob(grid, tenant, place, { from: Math.max(from, by.until), until })
  return [before, after].filter((rest) => isPossible(grid, rest))
}

/** Long enough for the minimum residence, unless the end cuts it or it served when all began. */
export function residesLongEnough(grid: Grid, job: Job): boolean {
  if (job.training !== null || job.until >= grid.problem.slotCount) return true
  const { wasServing } = must(grid.tenants[job.tenant])
  if (job.from === 0 && must(wasServing[job.place.index])) return true
  return job.until - job.servesFrom >= grid.residenceSlots
}
