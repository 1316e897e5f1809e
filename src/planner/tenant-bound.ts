import { must } from '../base/assert.ts'
import type { Grid, GridTenant } from './grid.ts'
import type { Prices } from './prices.ts'
import type { ServingSet } from './serving-sets.ts'
import { SetLattice } from './set-lattice.ts'
import { mayStart, terminalGain, terminalWeight } from './training-options.ts'

type Market = { readonly prices: Prices; readonly sets: readonly ServingSet[] }

/**
 * The most that one tenant could gain alone, J + T less the price of all it holds: the best path
 * through its serving sets, each new instance paid for from its warm-up on, with the best time to
 * retrain. `sets` are all that it may serve with. Floors and residence are left out, and what runs
 * at the start may serve at once: each makes it only larger.
 */
export function tenantBound(grid: Grid, tenant: GridTenant, market: Market): number {
  return new TenantMarket(grid, tenant, market).bound()
}

class TenantMarket {
  readonly #grid: Grid
  readonly #tenant: GridTenant
  readonly #lattice: SetLattice
  /** [class][slot]: price of holding an instance of the class in all slots before. */
  readonly #paid: readonly Float64Array[]
  /** [slot][set]: answered by the set or the best inside it. */
  readonly #answered: readonly Float64Array[]
  /** [slot][set]: price of holding the set. */
  readonly #cost: readonly Float64Array[]

  constructor(grid: Grid, tenant: GridTenant, { prices, sets }: Market) {
    this.#grid = grid
    this.#tenant = tenant
    this.#lattice = new SetLattice(sets)
    this.#paid = prices.map(runningSum)
    const slots = Array.from({ length: grid.problem.slotCount }, (_, slot) => slot)
    const ordered = this.#lattice.sets
    this.#answered = slots.map((slot) => {
      const answered = Float64Array.from(ordered, (set) => set.answeredRps[slot] as number)
      this.#lattice.takeOn(answered, new Float64Array(prices.length))
      return answered
    })
    this.#cost = slots.map((slot) =>
      Float64Array.from(ordered, ({ counts }) =>
        counts.reduce((sum, count, k) => sum + count * (must(prices[k])[slot] as number), 0),
      ),
    )
  }

  bound(): number {
    const { problem } = this.#grid
    const { tenant, versions, training } = this.#tenant
    const { slotCount } = problem
    const until = this.#pathsUntil(tenant.accuracyDeployed)
    const without = largest(must(until[slotCount]))
    let best = without
    for (const [version, { forecast }] of versions.entries()) {
      const options = training.filter((option) => option.version === version)
      const switched = this.#pathsFrom(forecast.accuracyAfter).map((from, slot) =>
        largestSum(must(until[slot]), from),
      )
      for (const option of options) {
        for (let slot = 0; slot < slotCount; slot += 1) {
          if (!mayStart(option, slot, slotCount)) continue
          const end = Math.min(slot + option.span.slots, slotCount)
          const paid = must(this.#paid[option.classIndex])
          const rent = (paid[end] as number) - (paid[slot] as number)
          const gain = terminalGain(problem, tenant, option, slot)
          best = Math.max(best, must(switched[end]) + gain - rent)
        }
      }
    }
    return best + terminalWeight(problem, tenant) * tenant.accuracyTerminal
  }

  /** [slot][set]: the best of all paths that hold the set just before that slot. */
  #pathsUntil(accuracy: readonly number[]): readonly Float64Array[] {
    const { slotCount } = this.#grid.problem
    let values = this.#beginning()
    const found = [values]
    for (let slot = 0; slot < slotCount; slot += 1) {
      values = values.slice()
      this.#lattice.giveBack(values)
      const price = this.#warmUpPrice(slot)
      if (price !== null) this.#lattice.takeOn(values, price)
      this.#earn(values, slot, accuracy)
      found.push(values)
    }
    return found
  }

  /** [slot][set]: the best that can follow from holding the set just before that slot. */
  #pathsFrom(accuracy: readonly number[]): readonly Float64Array[] {
    const { slotCount } = this.#grid.problem
    let values: Float64Array = new Float64Array(this.#lattice.sets.length)
    const found = [values]
    for (let slot = slotCount - 1; slot >= 0; slot -= 1) {
      values = values.slice()
      this.#earn(values, slot, accuracy)
      const price = this.#warmUpPrice(slot)
      if (price !== null) this.#lattice.beforeTakingOn(values, price)
      this.#lattice.beforeGivingBack(values)
      found.push(values)
    }
    return found.reverse()
  }

  /** Sets that may serve in slot 0: what runs, or any if the first layout is free. */
  #beginning(): Float64Array {
    const { problem, places } = this.#grid
    const { tenant, warmUpSlots } = this.#tenant
    const isAnyFree = problem.isFirstLayoutFree || warmUpSlots === 0
    const running = problem.classes.map((_, classIndex) => {
      const isOwn = ({ worker }: (typeof problem.running)[number]) =>
        worker?.role === 'inference' && worker.tenant === tenant.id
      return problem.running.filter(
        (instance) =>
          isOwn(instance) &&
          places.some(
            (place) =>
              place.classIndex === classIndex &&
              place.gpu === instance.gpu &&
              place.profile.profileId === instance.profileId &&
              place.start === instance.start,
          ),
      ).length
    })
    return Float64Array.from(this.#lattice.sets, ({ counts }) =>
      isAnyFree || counts.every((count, k) => count <= must(running[k]))
        ? 0
        : Number.NEGATIVE_INFINITY,
    )
  }

  /**
   * By class, what an instance was held for before it serves from that slot on; null: too early.
   */
  #warmUpPrice(slot: number): Float64Array | null {
    const from = slot - this.#tenant.warmUpSlots
    if (from < 0) return null
    return Float64Array.from(this.#paid, (paid) => (paid[slot] as number) - (paid[from] as number))
  }

  #earn(values: Float64Array, slot: number, accuracy: readonly number[]): void {
    const { valuePerAnswer } = this.#tenant.tenant
    const worth = valuePerAnswer * this.#grid.problem.slotSeconds * (accuracy[slot] as number)
    const answered = this.#answered[slot] as Float64Array
    const cost = this.#cost[slot] as Float64Array
    for (let set = 0; set < values.length; set += 1) {
      values[set] =
        (values[set] as number) + worth * (answered[set] as number) - (cost[set] as number)
    }
  }
}

function runningSum(values: Float64Array): Float64Array {
  const sums = new Float64Array(values.length + 1)
  for (let i = 0; i < values.length; i += 1) {
    sums[i + 1] = (sums[i] as number) + (values[i] as number)
  }
  return sums
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY)
}

function largestSum(a: Float64Array, b: Float64Array): number {
  let most = Number.NEGATIVE_INFINITY
  for (let i = 0; i < a.length; i += 1) most = Math.max(most, (a[i] as number) + (b[i] as number))
  return most
}
