import { must } from '../base/assert.ts'
import type { Grid } from './grid.ts'
import { type Edit, makeRoom, residesLongEnough } from './make-room.ts'
import { Occupancy } from './occupancy.ts'
import { compareJobs, type Job, mergeJobs } from './schedule.ts'
import { ScheduleValue } from './schedule-value.ts'

/** A schedule under refinement, with its value and what it occupies. */
export class RefinedSchedule {
  readonly grid: Grid
  readonly occupancy: Occupancy
  readonly #jobs: Set<Job>
  readonly #value: ScheduleValue
  readonly #ofTenant: number[]
  steps = 0

  constructor(grid: Grid, jobs: readonly Job[]) {
    this.grid = grid
    this.occupancy = new Occupancy(grid)
    this.#value = new ScheduleValue(grid)
    this.#jobs = new Set(mergeJobs(grid, jobs))
    for (const job of this.#jobs) this.#enter(job)
    this.#ofTenant = grid.tenants.map((_, tenant) => this.#value.ofTenant(tenant))
  }

  get value(): number {
    return this.#ofTenant.reduce((sum, value) => sum + value, 0)
  }

  has(job: Job): boolean {
    return this.#jobs.has(job)
  }

  /** In order of time. */
  jobs(): readonly Job[] {
    return [...this.#jobs].sort(compareJobs)
  }

  isTraining(tenant: number): boolean {
    return this.#value.isTraining(tenant)
  }

  /** Carries the edit out, with what must give way, if that gains; whether it did. */
  attempt(wish: Edit): boolean {
    this.steps += 1
    const edit = makeRoom(this.grid, [...this.#jobs], wish)
    if (edit === null) return false
    const { removed, added } = this.#merged(edit)
    if (!added.every((job) => residesLongEnough(this.grid, job))) return false
    for (const job of removed) this.#leave(job)
    if (!this.#enterAll(added)) {
      for (const job of removed) this.#enter(job)
      return false
    }
    const touched = [...new Set([...removed, ...added].map(({ tenant }) => tenant))]
    const values = touched.map((tenant) => this.#value.ofTenant(tenant))
    const gain = values.reduce(
      (sum, value, i) => sum + value - must(this.#ofTenant[must(touched[i])]),
      0,
    )
    const isBetter = gain > 1e-12 || (gain > -1e-12 && added.length < removed.length)
    if (!isBetter) {
      for (const job of added) this.#leave(job)
      for (const job of removed) this.#enter(job)
      return false
    }
    for (const [i, tenant] of touched.entries()) this.#ofTenant[tenant] = must(values[i])
    return true
  }

  /** Joins what the edit makes adjacent: one tenant's inference on one place is one block. */
  #merged({ removed, added }: Edit): Edit {
    const gone = new Set(removed)
    const neighbours = [...this.#jobs].filter(
      (job) =>
        !gone.has(job) &&
        job.training === null &&
        added.some(
          (other) =>
            other.training === null &&
            other.place === job.place &&
            other.tenant === job.tenant &&
            (other.until === job.from || other.from === job.until),
        ),
    )
    if (neighbours.length === 0 && added.length < 2) return { removed, added }
    return {
      removed: [...removed, ...neighbours],
      added: mergeJobs(this.grid, [...added, ...neighbours]),
    }
  }

  #enterAll(jobs: readonly Job[]): boolean {
    for (const [i, job] of jobs.entries()) {
      if (this.occupancy.fits(job.place, job.from, job.until)) this.#enter(job)
      else {
        for (const entered of jobs.slice(0, i)) this.#leave(entered)
        return false
      }
    }
    return true
  }

  #enter(job: Job): void {
    this.#jobs.add(job)
    this.occupancy.add(job)
    this.#value.add(job)
  }

  #leave(job: Job): void {
    this.#jobs.delete(job)
    this.occupancy.remove(job)
    this.#value.remove(job)
  }
}
