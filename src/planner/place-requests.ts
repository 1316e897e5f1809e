import { must } from '../base/assert.ts'
import type { Request } from './decode-counts.ts'
import type { Grid } from './grid.ts'
import type { Place } from './places.ts'
import { inferenceJob, type Job, mergeJobs, trainingJob } from './schedule.ts'
import { fitsBeside, freedomAfter } from './space-now.ts'

export type Placement = {
  readonly jobs: readonly Job[]
  /** Whether every request was met at its time; if not, some were delayed, cut or left out. */
  readonly isComplete: boolean
  /** Requests looked at, over all branches: counted work. */
  readonly steps: number
}

/** An instance that exists at the moment the sweep has come to. */
type Active = Pick<Request, 'tenant' | 'classIndex' | 'training'> & {
  readonly place: Place
  readonly from: number
}

/**
 * Places for the requests of a counts solution: a sweep over time that tries, depth first, which
 * instance ends and where one begins, since nothing that runs can be moved. A counts solution need
 * not have any such assignment: after `stepsMax` the sweep is run once without going back, and what
 * does not fit waits until there is room.
 */
export function placeRequests(
  grid: Grid,
  requests: readonly Request[],
  stepsMax: number,
): Placement {
  const search = { grid, requests, stepsMax, steps: 0, done: [] as Job[] }
  if (descend(search, 0, [])) {
    return { jobs: mergeJobs(grid, search.done), isComplete: true, steps: search.steps }
  }
  const jobs = placeGreedily(grid, requests)
  return { jobs: mergeJobs(grid, jobs), isComplete: false, steps: search.steps + requests.length }
}

type Search = {
  readonly grid: Grid
  readonly requests: readonly Request[]
  readonly stepsMax: number
  steps: number
  readonly done: Job[]
}

/**
 * Whether the requests from `index` on can be met beside what is active; if so, `done` has the
 * jobs.
 */
function descend(search: Search, index: number, active: readonly Active[]): boolean {
  const { grid, requests, done } = search
  const request = requests[index]
  if (request === undefined) return true
  search.steps += 1
  if (search.steps > search.stepsMax) return false
  if (request.kind === 'begin') {
    return candidatePlaces(grid, request, active).some((place) =>
      descend(search, index + 1, [...active, begun(request, place, request.slot)]),
    )
  }
  return candidateEnds(grid, request, active).some((ending) => {
    done.push(jobOf(grid, ending, request.slot))
    const rest = active.filter((other) => other !== ending)
    if (descend(search, index + 1, rest)) return true
    done.pop()
    return false
  })
}

function begun({ tenant, classIndex, training }: Request, place: Place, from: number): Active {
  return { tenant, classIndex, training, place, from }
}

function jobOf(grid: Grid, { tenant, training, place, from }: Active, until: number): Job {
  if (training !== null) return trainingJob(tenant, training, place, from)
  return inferenceJob(grid, tenant, place, { from, until: Math.min(until, grid.problem.slotCount) })
}

/** Free places for it, those first that leave most room for others; one of several empty GPUs. */
function candidatePlaces(
  grid: Grid,
  { classIndex, training, place: wanted }: Request,
  active: readonly Active[],
): readonly Place[] {
  const held = active.map(({ place }) => place)
  if (wanted !== null) return fitsBeside(grid, wanted, held) ? [wanted] : []
  const places = grid.places.filter(
    (place) =>
      place.classIndex === classIndex &&
      place !== training?.notAt &&
      fitsBeside(grid, place, held) &&
      isFirstOfItsKind(grid, place, held),
  )
  const freedom = new Map(places.map((place) => [place, freedomAfter(grid, place, held)]))
  return places.sort((a, b) => must(freedom.get(b)) - must(freedom.get(a)))
}

/**
 * Of GPUs that are alike and on which nothing runs, now or at the start, only the first is tried.
 */
function isFirstOfItsKind({ problem }: Grid, { gpu }: Place, held: readonly Place[]): boolean {
  const isEmpty = (index: number) =>
    held.every((place) => place.gpu !== index) &&
    problem.running.every((instance) => instance.gpu !== index) &&
    must(problem.gpus[index]).blocked.length === 0
  if (!isEmpty(gpu)) return true
  const { model } = must(problem.gpus[gpu])
  return !problem.gpus.some(
    (other, index) => index < gpu && other.model === model && isEmpty(index),
  )
}

/** Which of the alike may end: those that serve already, the one that was meant first. */
function candidateEnds(grid: Grid, request: Request, active: readonly Active[]): readonly Active[] {
  const { training, place, slot } = request
  const alike = active.filter((other) => isAlike(other, request))
  if (training !== null) return alike
  const serving = alike.filter((other) => jobOf(grid, other, slot).servesFrom <= slot)
  return serving.sort((a, b) => Number(b.place === place) - Number(a.place === place))
}

/**
 * The sweep without going back: what finds no room waits, what is ended while it waits is dropped.
 */
function placeGreedily(grid: Grid, requests: readonly Request[]): readonly Job[] {
  const queue = [...requests]
  const done: Job[] = []
  let active: Active[] = []
  let waiting: Request[] = []
  for (let request = queue.shift(); request !== undefined; request = queue.shift()) {
    const { slot } = request
    if (request.kind === 'begin') waiting.push(request)
    else {
      const ending = candidateEnds(grid, request, active)[0]
      if (ending !== undefined) done.push(jobOf(grid, ending, slot))
      const given = ending ?? active.find((other) => isAlike(other, request))
      if (given !== undefined) active = active.filter((other) => other !== given)
      else if (request.training === null) waiting = withoutOne(waiting, request)
    }
    const next = queue[0]
    if (next !== undefined && next.slot === slot && next.kind === 'end') continue
    const left: Request[] = []
    for (const wish of waiting) {
      const place = candidatePlaces(grid, wish, active)[0]
      if (place === undefined || isTooLate(grid, wish, slot)) left.push(wish)
      else {
        active = [...active, begun(wish, place, slot)]
        if (wish.training !== null && slot > wish.slot) delayEnd(queue, wish, slot)
      }
    }
    waiting = left
  }
  return done
}

function isAlike(a: Pick<Request, 'tenant' | 'classIndex' | 'training'>, b: Request): boolean {
  return a.tenant === b.tenant && a.classIndex === b.classIndex && a.training === b.training
}

function withoutOne(waiting: readonly Request[], ended: Request): Request[] {
  const index = waiting.findIndex((wish) => isAlike(wish, ended))
  return waiting.filter((_, i) => i !== index)
}

function isTooLate({ problem }: Grid, { training }: Request, slot: number): boolean {
  if (slot >= problem.slotCount) return true
  return training !== null && slot + training.span.warmUpSlots >= problem.slotCount
}

/** A retraining that begins late ends as much later. */
function delayEnd(queue: Request[], wish: Request, from: number): void {
  const slot = from + must(wish.training).span.slots
  const index = queue.findIndex((other) => other.kind === 'end' && isAlike(other, wish))
  if (index >= 0) queue.splice(index, 1)
  const later = queue.findIndex((other) => other.slot > slot)
  queue.splice(later < 0 ? queue.length : later, 0, { ...wish, kind: 'end', slot })
}
