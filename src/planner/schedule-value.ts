import { must } from '../base/assert.ts'
import type { Grid, GridTenant } from './grid.ts'
import type { Job } from './schedule.ts'
import { terminalGain, terminalWeight } from './training-options.ts'

/**
 * What a schedule is worth, tenant by tenant, kept up to date while jobs come and go: J + T of
 * design 001, and a debt for every floor that is missed, large enough that paying it comes first.
 * The same sums as core/plan/value.ts by look-ups; a test holds the two together.
 */
export class ScheduleValue {
  readonly #grid: Grid
  /** [tenant][slot]: the state of `GridTenant.states` that serves. */
  readonly #serving: readonly Int32Array[]
  readonly #training: (Job | null)[]

  constructor(grid: Grid) {
    this.#grid = grid
    this.#serving = grid.tenants.map(() => new Int32Array(grid.problem.slotCount))
    this.#training = grid.tenants.map(() => null)
  }

  add(job: Job): void {
    if (job.training !== null) this.#training[job.tenant] = job
    else this.#change(job, 'plus')
  }

  remove(job: Job): void {
    if (job.training !== null) this.#training[job.tenant] = null
    else this.#change(job, 'minus')
  }

  /** Whether the tenant retrains already. */
  isTraining(tenant: number): boolean {
    return must(this.#training)[tenant] !== null
  }

  /** J + T of one tenant, less its debt. O(slots). */
  ofTenant(tenant: number): number {
    const gridTenant = must(this.#grid.tenants[tenant])
    const { accuracyDeployed, valuePerAnswer, accuracyTerminal } = gridTenant.tenant
    const { problem } = this.#grid
    const training = this.#training[tenant] ?? null
    const done = training === null ? problem.slotCount : Math.min(training.until, problem.slotCount)
    const after = training === null ? [] : accuracyAfter(gridTenant, training)
    let correct = this.#sum(gridTenant, accuracyDeployed, [0, done])
    correct += this.#sum(gridTenant, after, [done, problem.slotCount])
    const weight = terminalWeight(problem, gridTenant.tenant)
    const gain =
      training?.training == null
        ? 0
        : terminalGain(problem, gridTenant.tenant, training.training, training.from)
    const value = correct * valuePerAnswer * problem.slotSeconds + weight * accuracyTerminal + gain
    return value - this.#debt(gridTenant)
  }

  #change({ tenant, place, servesFrom, until }: Job, how: 'plus' | 'minus'): void {
    const { states } = must(this.#grid.tenants[tenant])
    const serving = must(this.#serving[tenant])
    for (let slot = servesFrom; slot < until; slot += 1) {
      serving[slot] = states[how](serving[slot] as number, place.classIndex)
    }
  }

  #sum(
    { index, states }: GridTenant,
    accuracy: readonly number[],
    [from, until]: readonly [number, number],
  ): number {
    const serving = must(this.#serving[index])
    let sum = 0
    for (let slot = from; slot < until; slot += 1) {
      const answered = states.answeredRps(serving[slot] as number)[slot] as number
      sum += answered * (accuracy[slot] as number)
    }
    return sum
  }

  /** 1 (all Goodput there is) and more for each share of the arrivals missing to the floor. */
  #debt({ index, states, tenant }: GridTenant): number {
    const { sloAttainmentMin, arrivals } = tenant
    if (sloAttainmentMin === null) return 0
    const serving = must(this.#serving[index])
    let answered = 0
    let arrived = 0
    for (let slot = 0; slot < serving.length; slot += 1) {
      answered += states.answeredRps(serving[slot] as number)[slot] as number
      arrived += arrivals.meanRps[slot] as number
    }
    const missing = sloAttainmentMin * arrived - answered
    return missing <= 1e-9 * arrived ? 0 : 1 + (100 * missing) / arrived
  }
}

function accuracyAfter({ versions }: GridTenant, { training }: Job): readonly number[] {
  return must(versions[must(training).version]).forecast.accuracyAfter
}
