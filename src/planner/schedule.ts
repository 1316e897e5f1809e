import { must } from '../base/assert.ts'
import type { Plan } from '../core/plan/plan.ts'
import { type Block, planFromBlocks } from '../core/plan/plan-from-blocks.ts'
import type { Grid } from './grid.ts'
import type { Place } from './places.ts'
import type { TrainingOption } from './training-options.ts'

/**
 * One tenure of a placed plan, in slots: the place is held in [from, until) and of use from
 * `servesFrom` on. A training may end past the problem's end; what an inference does there is no
 * matter, its `until` is at most the slot count.
 */
export type Job = {
  readonly tenant: number
  readonly place: Place
  readonly from: number
  readonly servesFrom: number
  readonly until: number
  /** Null for inference. */
  readonly training: TrainingOption | null
}

type Span = { readonly from: number; readonly until: number }

/** Inference of a tenant that holds a place from a slot on; serving begins when it is warm. */
export function inferenceJob(grid: Grid, tenant: number, place: Place, { from, until }: Span): Job {
  const { warmUpSlots, servesFromStart } = must(grid.tenants[tenant])
  const servesFrom = from === 0 ? must(servesFromStart[place.index]) : from + warmUpSlots
  return { tenant, place, from, servesFrom, until, training: null }
}

export function trainingJob(
  tenant: number,
  training: TrainingOption,
  place: Place,
  from: number,
): Job {
  const { slots, warmUpSlots } = training.span
  return { tenant, place, from, servesFrom: from + warmUpSlots, until: from + slots, training }
}

/** Whether two jobs cannot exist at the same time, for memory slices' sake. */
export function sharesSlices(a: Place, b: Place): boolean {
  return a.gpu === b.gpu && (a.mask & b.mask) !== 0
}

/** By time, then place: the order in which schedules are printed and compared. */
export function compareJobs(a: Job, b: Job): number {
  return a.from - b.from || a.place.index - b.place.index
}

/**
 * One block for two that follow each other on one place with one tenant's inference (design 001,
 * 2).
 */
export function mergeJobs(grid: Grid, jobs: readonly Job[]): readonly Job[] {
  const merged: Job[] = []
  for (const job of [...jobs].sort(compareJobs)) {
    const index = merged.findIndex(
      (before) =>
        before.training === null &&
        job.training === null &&
        before.tenant === job.tenant &&
        before.place === job.place &&
        before.until === job.from,
    )
    if (index < 0) merged.push(job)
    else {
      const { tenant, place, from } = must(merged[index])
      merged[index] = inferenceJob(grid, tenant, place, { from, until: job.until })
    }
  }
  return merged
}

/** The schedule as a plan, aware of overhead as the problem has it. */
export function planFromJobs(grid: Grid, jobs: readonly Job[], policy: string): Plan {
  const { problem } = grid
  const blocks = [...jobs].sort(compareJobs).map((job): Block => {
    const { tenant, from, until, training } = job
    const { gpu, profile, start } = job.place
    const at = {
      place: { gpu, profileId: profile.profileId, start },
      tenantIndex: tenant,
      fromSlot: from,
    }
    if (training === null) return { ...at, role: { kind: 'inference' }, untilSlot: until }
    const { forecast } = must(must(grid.tenants[tenant]).versions[training.version])
    const { configurationId } = forecast
    return {
      ...at,
      role: { kind: 'retraining', configurationId, resumes: training.kind !== 'new' },
    }
  })
  return planFromBlocks(problem, policy, blocks)
}
