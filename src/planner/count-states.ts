import { must } from '../base/assert.ts'
import type { PlanningProblem, PlanningTenant } from '../core/plan/problem.ts'
import { inTimeRps } from '../core/workload/service-table.ts'
import type { ClassCounts } from './gpu-layouts.ts'

/**
 * The sets of instances that one tenant may serve with, numbered as they are met, so that a
 * schedule can be valued slot by slot without building a set for each: state 0 is the empty set,
 * `plus` and `minus` lead to the set with one instance of a class more or less.
 */
export class CountStates {
  readonly #problem: PlanningProblem
  readonly #tenant: PlanningTenant
  readonly #counts: ClassCounts[] = []
  readonly #answered: (Float64Array | null)[] = []
  readonly #byKey = new Map<string, number>()
  /** [state * classes + class]; -1 = not met yet. */
  readonly #plus: number[] = []
  readonly #minus: number[] = []

  constructor(problem: PlanningProblem, tenant: PlanningTenant) {
    this.#problem = problem
    this.#tenant = tenant
    this.stateOf(problem.classes.map(() => 0))
  }

  stateOf(counts: ClassCounts): number {
    const key = counts.join()
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    const state = this.#counts.length
    this.#counts.push(counts)
    this.#answered.push(null)
    this.#byKey.set(key, state)
    for (let k = 0; k < counts.length; k += 1) {
      this.#plus.push(-1)
      this.#minus.push(-1)
    }
    return state
  }

  plus(state: number, classIndex: number): number {
    return this.#neighbour(this.#plus, { state, classIndex, change: 1 })
  }

  minus(state: number, classIndex: number): number {
    return this.#neighbour(this.#minus, { state, classIndex, change: -1 })
  }

  /** Requests answered in time per second, in each slot of the problem (design 001, 9). */
  answeredRps(state: number): Float64Array {
    const known = this.#answered[state]
    if (known !== null && known !== undefined) return known
    const { arrivals, service } = this.#tenant
    const counts = must(this.#counts[state])
    const answered = Float64Array.from(arrivals.meanRps, (rate) =>
      inTimeRps(service, counts, rate, arrivals.dispersion),
    )
    this.#answered[state] = answered
    return answered
  }

  #neighbour(
    table: number[],
    at: { readonly state: number; readonly classIndex: number; readonly change: 1 | -1 },
  ): number {
    const index = at.state * this.#problem.classes.length + at.classIndex
    const known = table[index] as number
    if (known >= 0) return known
    const counts = must(this.#counts[at.state])
    const next = this.stateOf(counts.map((n, k) => (k === at.classIndex ? n + at.change : n)))
    table[index] = next
    return next
  }
}
