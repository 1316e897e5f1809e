import { must } from '../base/assert.ts'
import type { Edit } from './make-room.ts'
import type { RefinedSchedule } from './refined-schedule.ts'
import { inferenceJob, type Job, sharesSlices, trainingJob } from './schedule.ts'

type Span = { readonly from: number; readonly until: number }

/** Edits round one job that are worth trying, cheap ones first; things move by `span` slots. */
export function* movesOf(state: RefinedSchedule, job: Job, span: number): Generator<Edit> {
  if (job.training === null) {
    yield* removals(state, job)
    yield prolonged(state, job)
    yield resized(state, job, { from: job.from - span, until: job.until })
    yield resized(state, job, { from: job.from, until: job.until + span })
    yield* otherHolders(state, job)
    yield* exchanges(state, job)
  } else if (job.training.kind !== 'continue') {
    for (const by of [-span, span]) yield* shiftedTraining(state, job, by)
    yield* otherPlaces(state, job)
  }
  for (const by of [-span, span]) yield shiftedChange(state, job, by)
}

/** Tenures on places that are idle for long enough, for whoever can serve there. */
export function* idleMoves(state: RefinedSchedule): Generator<Edit> {
  const { grid, occupancy } = state
  const { slotCount } = grid.problem
  for (const place of grid.places) {
    for (let from = 0; from < slotCount; ) {
      const until = occupancy.freeUntil(place, from, slotCount)
      if (until > from) yield* tenuresIn(state, place, { from, until })
      from = until + 1
    }
  }
}

function* tenuresIn({ grid }: RefinedSchedule, place: Job['place'], span: Span): Generator<Edit> {
  for (const { index, tenant } of grid.tenants) {
    if ((tenant.serving[place.classIndex] ?? null) === null) continue
    const job = inferenceJob(grid, index, place, span)
    if (job.servesFrom < job.until) yield { removed: [], added: [job] }
  }
}

/**
 * Without the job: alone, with what came before it held on, with what comes after it begun earlier.
 */
function* removals(state: RefinedSchedule, job: Job): Generator<Edit> {
  const before = neighbours(state, job).filter(({ until }) => until === job.from)
  const after = neighbours(state, job).filter(({ from }) => from === job.until)
  yield { removed: [job], added: [] }
  if (before.length > 0) {
    const longer = before.map((other) => moved(state, other, { until: job.until }))
    yield { removed: [job, ...before], added: longer }
  }
  if (after.length > 0) {
    const longer = after.map((other) => moved(state, other, { from: job.from }))
    yield { removed: [job, ...after], added: longer }
  }
}

/** Inference on the same slices. */
function neighbours(state: RefinedSchedule, job: Job): readonly Job[] {
  return state
    .jobs()
    .filter(
      (other) => other !== job && other.training === null && sharesSlices(other.place, job.place),
    )
}

/** Held as long as its place is idle round it. */
function prolonged(state: RefinedSchedule, job: Job): Edit {
  const { occupancy, grid } = state
  const from = occupancy.freeFrom(job.place, job.from)
  const until = occupancy.freeUntil(job.place, job.until, grid.problem.slotCount)
  return resized(state, job, { from, until })
}

function resized(state: RefinedSchedule, job: Job, span: Partial<Span>): Edit {
  return { removed: [job], added: [moved(state, job, span)] }
}

/** The inference job with another span, inside the problem. */
function moved({ grid }: RefinedSchedule, job: Job, span: Partial<Span>): Job {
  const from = Math.max(0, span.from ?? job.from)
  const until = Math.min(span.until ?? job.until, grid.problem.slotCount)
  return inferenceJob(grid, job.tenant, job.place, { from, until })
}

function* otherHolders({ grid }: RefinedSchedule, job: Job): Generator<Edit> {
  for (const { index, tenant } of grid.tenants) {
    if (index === job.tenant || (tenant.serving[job.place.classIndex] ?? null) === null) continue
    yield { removed: [job], added: [inferenceJob(grid, index, job.place, job)] }
  }
}

/** Places exchanged with another tenant's inference that begins at the same time on a like one. */
function* exchanges(state: RefinedSchedule, job: Job): Generator<Edit> {
  for (const other of state.jobs()) {
    const isLike = other.training === null && other.place.classIndex === job.place.classIndex
    if (!isLike || other.tenant <= job.tenant || other.from !== job.from) continue
    const there = inferenceJob(state.grid, job.tenant, other.place, job)
    const here = inferenceJob(state.grid, other.tenant, job.place, other)
    yield { removed: [job, other], added: [there, here] }
  }
}

/** The retraining begun earlier or later; inference before and after it moves along. */
function* shiftedTraining(state: RefinedSchedule, job: Job, by: number): Generator<Edit> {
  const shifted = trainingJob(job.tenant, must(job.training), job.place, job.from + by)
  const before = neighbours(state, job).filter(({ until }) => until === job.from)
  const after = neighbours(state, job).filter(({ from }) => from === job.until)
  const along = [
    ...before.map((other) => moved(state, other, { until: shifted.from })),
    ...after.map((other) => moved(state, other, { from: shifted.until })),
  ].filter(({ training, servesFrom, until }) => training !== null || servesFrom < until)
  yield { removed: [job, ...before, ...after], added: [shifted, ...along] }
}

function* otherPlaces({ grid }: RefinedSchedule, job: Job): Generator<Edit> {
  yield { removed: [job], added: [] }
  for (const place of grid.places) {
    if (place === job.place || place.classIndex !== job.place.classIndex) continue
    const there = trainingJob(job.tenant, must(job.training), place, job.from)
    yield { removed: [job], added: [there] }
  }
}

/**
 * The whole change at the job's beginning, earlier or later: all that ends and begins there then.
 */
function shiftedChange(state: RefinedSchedule, job: Job, by: number): Edit {
  const at = job.from
  const here = state.jobs().filter(({ place }) => place.gpu === job.place.gpu)
  const ending = here.filter(({ until, training }) => until === at && training === null)
  const beginning = here.filter(({ from }) => from === at && at > 0)
  const shifted = [
    ...ending.map((other) => moved(state, other, { until: at + by })),
    ...beginning.map((other) =>
      other.training === null
        ? moved(state, other, { from: at + by })
        : trainingJob(other.tenant, other.training, other.place, at + by),
    ),
  ].filter(({ training, servesFrom, until }) => training !== null || servesFrom < until)
  return { removed: [...ending, ...beginning], added: shifted }
}
