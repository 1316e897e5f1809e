import { expect, test } from 'vitest'
import { tinyProblem } from '../../test/tiny-problem.ts'
import { must } from '../base/assert.ts'
import type { Request } from './decode-counts.ts'
import { makeGrid } from './grid.ts'
import { placeRequests } from './place-requests.ts'
import { compareJobs, type Job, sharesSlices } from './schedule.ts'

const grid = makeGrid(tinyProblem(), 1, { tolerance: 0, setCountMax: 100 })

function request(kind: Request['kind'], slot: number, name: string, tenant = 0): Request {
  const classIndex = grid.problem.classes.findIndex((own) => own.name.startsWith(name))
  return { slot, kind, tenant, classIndex, training: null, place: null }
}

function textOf(jobs: readonly Job[]): string {
  return [...jobs]
    .sort(compareJobs)
    .map(
      ({ place, from, until }) =>
        `${place.profile.name.slice(0, 2)}@${place.start} ${from}-${until}`,
    )
    .join(', ')
}

function overlapsNowhere(jobs: readonly Job[]): boolean {
  return jobs.every((a) =>
    jobs.every(
      (b) => a === b || !sharesSlices(a.place, b.place) || a.until <= b.from || b.until <= a.from,
    ),
  )
}

test('it goes back on a choice that leaves no room later', () => {
  // Two 1g that stay must leave slices 0 to 3 to the 4g that comes later.
  const requests = [
    request('begin', 0, '3g'),
    request('begin', 0, '1g'),
    request('begin', 0, '1g'),
    request('end', 4, '3g'),
    request('begin', 4, '4g'),
    request('end', 10, '4g'),
    request('end', 10, '1g'),
    request('end', 10, '1g'),
  ]
  const { jobs, isComplete } = placeRequests(grid, requests, 1_000)
  expect(isComplete).toBe(true)
  expect(textOf(jobs)).toMatch(/^1g@[456] 0-10, 1g@[456] 0-10, 3g@0 0-4, 4g@0 4-10$/)
})

test('which of two alike ends is chosen so that what comes next fits', () => {
  const requests = [
    request('begin', 0, '3g'),
    request('begin', 0, '3g'),
    request('end', 5, '3g'),
    request('begin', 5, '4g'),
    request('end', 10, '4g'),
    request('end', 10, '3g'),
  ]
  const { jobs, isComplete } = placeRequests(grid, requests, 1_000)
  expect(isComplete).toBe(true)
  expect(textOf(jobs)).toBe('3g@0 0-5, 3g@4 0-10, 4g@0 5-10')
})

test('what cannot be placed without moving what runs waits, and nothing overlaps', () => {
  const seven = Array.from({ length: 7 }, (_, i) => request('begin', 0, '1g', i % 2))
  const requests = [
    ...seven,
    request('end', 4, '1g', 0),
    request('end', 4, '1g', 0),
    request('end', 4, '1g', 0),
    request('end', 4, '1g', 0),
    request('begin', 4, '7g', 1),
    request('end', 8, '1g', 1),
    request('end', 8, '1g', 1),
    request('end', 8, '1g', 1),
    request('end', 10, '7g', 1),
  ]
  const { jobs, isComplete } = placeRequests(grid, requests, 200)
  expect(isComplete).toBe(false)
  expect(overlapsNowhere(jobs)).toBe(true)
  expect(textOf(jobs)).toContain('7g@0 8-10')
})

test('a retraining that has to wait ends as much later', () => {
  const training = must(must(grid.tenants[1]).training.find(({ classIndex }) => classIndex === 0))
  const { classIndex } = training
  const train = { tenant: 1, classIndex, training, place: null }
  const whole = request('begin', 0, '7g')
  const requests: readonly Request[] = [
    whole,
    { ...train, kind: 'begin', slot: 2 },
    { ...whole, kind: 'end', slot: 3 },
    { ...train, kind: 'end', slot: 2 + training.span.slots },
  ]
  const { jobs, isComplete } = placeRequests(grid, requests, 100)
  expect(isComplete).toBe(false)
  const late = must(jobs.find((job) => job.training !== null))
  expect([late.from, late.until]).toEqual([3, 3 + training.span.slots])
})
