import type { Prices } from './dual-prices.ts'
import type { DualProblem, Version } from './dual-problem.ts'
import { type RetrainingOption, terminalShare } from './retraining-option.ts'

/**
 * A retraining that is done at a boundary: its price in each room, and which option it is.
 */
export type Completion = {
  readonly tenant: number
  readonly version: number
  /** By the room beside what serves; Infinity where it does not fit. Null where none is done. */
  readonly price: Float64Array | null
  /** By the room the kind of instance, -1 where none fits; and by the kind the option. */
  readonly kind: Int8Array
  readonly option: readonly (RetrainingOption | null)[]
}

/** Everything that may happen between slots t - 1 and t, with its price. */
export type Boundary = {
  /** One per tenant and version, tenant by tenant. */
  readonly completions: readonly Completion[]
  /** Per tenant and kind (tenant * kindCount + kind): price of a new instance; Infinity if none. */
  readonly additions: Float64Array
  /** Workers that get ready just then, each once: tenant, kind and price. */
  readonly arrivals: readonly Arrival[]
  /** Prices like `additions` of tenants without warm-up: nothing, or Infinity; null without any. */
  readonly free: Float64Array | null
  /** Whether instances may go from one tenant to another. */
  readonly hasTakeovers: boolean
}

type Arrival = { readonly tenant: number; readonly kind: number; readonly price: number }

/** Equations (8) and (9) for the boundary before slot t. */
export function boundaryAt(problem: DualProblem, prices: Prices, t: number): Boundary {
  const { tenants, space, start } = problem
  const additions = new Float64Array(tenants.length * space.kindCount)
  for (const [i, { tenant }] of tenants.entries()) {
    for (let kind = 0; kind < space.kindCount; kind += 1) {
      additions[i * space.kindCount + kind] = priceOf(prices, kind, t - tenant.warmUpSlots, t)
    }
  }
  const arrivals = start.workers
    .filter(({ readySlot }) => readySlot === t)
    .map(({ tenant, place }) => {
      const kind = space.places[place]?.kind ?? 0
      return { tenant, kind, price: priceOf(prices, kind, 0, t) }
    })
  const completions = tenants.flatMap((tenant, i) =>
    tenant.versions.map((version, v) => completionOf(problem, prices, t, { i, v, version })),
  )
  const hasTakeovers = problem.handovers !== null && t >= problem.handovers.fromSlot
  return { completions, additions, arrivals, free: freePrices(problem), hasTakeovers }
}

function freePrices({ tenants, space }: DualProblem): Float64Array | null {
  if (tenants.every(({ tenant }) => tenant.warmUpSlots > 0)) return null
  const prices = new Float64Array(tenants.length * space.kindCount)
  for (const [i, { tenant }] of tenants.entries()) {
    const price = tenant.warmUpSlots === 0 ? 0 : Number.POSITIVE_INFINITY
    prices.fill(price, i * space.kindCount, (i + 1) * space.kindCount)
  }
  return prices
}

const nothingLent = { first: 0, last: 0 }

/** The price of holding an instance in slots from .. until - 1; Infinity before the window. */
function priceOf({ sums }: Prices, kind: number, from: number, until: number): number {
  if (from < 0) return Number.POSITIVE_INFINITY
  const row = sums[kind] as Float64Array
  return (row[until] as number) - (row[from] as number)
}

/** Equation (9): the cheapest way to be done with a version at boundary t. */
function completionOf(
  { space, states, lent }: DualProblem,
  prices: Prices,
  t: number,
  { i, v, version }: { readonly i: number; readonly v: number; readonly version: Version },
): Completion {
  const { kindCount, multisetCount, classes, plus } = space
  const { roomCount, fits } = states
  const cheapest = new Float64Array(kindCount).fill(Number.POSITIVE_INFINITY)
  const option: (RetrainingOption | null)[] = Array(kindCount).fill(null)
  for (const own of version.options) {
    const start = t - own.slots
    if (start < 0 || start > own.lastStart) continue
    const kind = classes.indexOf(own.classIndex)
    const { first, last } = lent.get(own) ?? nothingLent
    const price = priceOf(prices, kind, start + first, Math.max(start + first, t - last))
    if (price >= (cheapest[kind] as number)) continue
    cheapest[kind] = price
    option[kind] = own
  }
  const of = { tenant: i, version: v + 1, option }
  if (option.every((own) => own === null)) return { ...of, price: null, kind: new Int8Array() }
  const price = new Float64Array(roomCount).fill(Number.POSITIVE_INFINITY)
  const chosen = new Int8Array(roomCount).fill(-1)
  for (let kind = 0; kind < kindCount; kind += 1) {
    const own = cheapest[kind] as number
    if (own === Number.POSITIVE_INFINITY) continue
    for (
      let room = 0, fit = plus[kind] as number;
      room < roomCount;
      room += 1, fit += multisetCount
    ) {
      if (fits[fit] !== 1 || own >= (price[room] as number)) continue
      price[room] = own
      chosen[room] = kind
    }
  }
  return { ...of, price, kind: chosen }
}

/**
 * What a tenant's retraining can still bring after the window when it is not done inside: per
 * room beside what serves in the last slot, the best gain less its price, and how.
 */
export type Ending = {
  readonly gain: Float64Array
  readonly choice: readonly ({ readonly option: RetrainingOption; readonly start: number } | null)[]
}

/** Equation (10): retrainings that are done at the window's end or cross it. */
export function endingsOf(problem: DualProblem, prices: Prices): readonly Ending[] {
  const { space, states, slotCount, tenants, lent } = problem
  const { multisetCount, classes, plus } = space
  const { roomCount, fits } = states
  return tenants.map(({ tenant, versions, accuracyTerminal }) => {
    const gain = new Float64Array(roomCount)
    const choice: Ending['choice'][number][] = Array(roomCount).fill(null)
    for (const option of versions.flatMap((version) => version.options)) {
      const kind = classes.indexOf(option.classIndex)
      const { first } = lent.get(option) ?? nothingLent
      for (
        let start = Math.max(0, slotCount - option.slots);
        start <= option.lastStart;
        start += 1
      ) {
        const share = terminalShare({ option, start, gpu: 0 }, slotCount)
        const better = option.accuracyTerminal - accuracyTerminal
        const worth = share * tenant.terminalWeight * better
        const net = worth - priceOf(prices, kind, start + first, slotCount)
        for (let room = 0; room < roomCount && net > 0; room += 1) {
          const isFree = fits[room * multisetCount + (plus[kind] as number)] === 1
          if (!isFree || net <= (gain[room] as number)) continue
          gain[room] = net
          choice[room] = { option, start }
        }
      }
    }
    return { gain, choice }
  })
}
