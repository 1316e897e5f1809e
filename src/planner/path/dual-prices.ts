import type { DualProblem } from './dual-problem.ts'

/**
 * Prices mu >= 0 of holding an instance of each kind in each slot while it does not serve:
 * `mu[kind * slotCount + t]`, with what follows from them.
 */
export type Prices = {
  readonly mu: Float64Array
  /** sums[kind][t]: the prices of slots 0 .. t - 1 (Q of design 003). */
  readonly sums: readonly Float64Array[]
  /** slack[t * roomCount + room]: most that can be earned in the room in slot t (equation 7). */
  readonly slack: Float64Array
  /** The multiset that earns it. */
  readonly fill: Int16Array
}

export function pricesOf(problem: DualProblem, mu: Float64Array): Prices {
  const { slotCount, space } = problem
  const sums = Array.from({ length: space.kindCount }, (_, kind) => {
    const row = new Float64Array(slotCount + 1)
    for (let t = 0; t < slotCount; t += 1) {
      row[t + 1] = (row[t] as number) + (mu[kind * slotCount + t] as number)
    }
    return row
  })
  return { mu, sums, ...slackOf(problem, mu) }
}

/** Equation (7): the most that a multiset that fits the room is worth. */
function slackOf(
  { slotCount, space, states }: DualProblem,
  mu: Float64Array,
): Pick<Prices, 'slack' | 'fill'> {
  const { multisetCount, kindCount, counts } = space
  const { roomCount, fills } = states
  const slack = new Float64Array(slotCount * roomCount)
  const fill = new Int16Array(slotCount * roomCount)
  const worth = new Float64Array(multisetCount)
  for (let t = 0; t < slotCount; t += 1) {
    for (let m = 0; m < multisetCount; m += 1) {
      let sum = 0
      for (let kind = 0; kind < kindCount; kind += 1) {
        sum += (counts[m * kindCount + kind] as number) * (mu[kind * slotCount + t] as number)
      }
      worth[m] = sum
    }
    for (let room = 0; room < roomCount; room += 1) {
      let best = Number.NEGATIVE_INFINITY
      for (const m of fills[room] as readonly number[]) {
        const value = worth[m] as number
        if (value <= best) continue
        best = value
        fill[t * roomCount + room] = m
      }
      slack[t * roomCount + room] = best
    }
  }
  return { slack, fill }
}

/**
 * Prices to start from: the marginal ones, smoothed over about two warm-ups, because layouts cannot
 * follow every slot, and a little lower. On random windows the first bound is then 1 to 2 % above
 * the best plan.
 */
export function startingPrices(problem: DualProblem): Float64Array {
  const { slotCount, space } = problem
  const rewards = bestByRoom(problem)
  const nothing = new Int16Array(slotCount)
  const marginal = marginalPrices(problem, rewards, nothing)
  // A kind that has room nowhere is held by nobody, at any price.
  const finite = marginal.map((price) => (Number.isFinite(price) ? price : 0))
  return smoothed(finite, slotCount, space.kindCount)
}

function smoothed(prices: Float64Array, slotCount: number, kindCount: number): Float64Array {
  const result = new Float64Array(prices.length)
  for (let row = 0; row < kindCount * slotCount; row += slotCount) {
    for (let t = 0; t < slotCount; t += 1) {
      const from = Math.max(0, t - smoothingSlots)
      const until = Math.min(slotCount, t + smoothingSlots + 1)
      let sum = 0
      for (let q = from; q < until; q += 1) sum += prices[row + q] as number
      result[row + t] = (startingShare * sum) / (until - from)
    }
  }
  return result
}

const smoothingSlots = 8
const startingShare = 0.8

/**
 * best[t * roomCount + room]: the most that serving with the versions deployed earns in slot t when
 * it leaves that room.
 */
export function bestByRoom({ slotCount, space, states, tenants }: Served): Float64Array {
  const { multisetCount } = space
  const { roomCount, stateCount, held, room } = states
  const best = new Float64Array(slotCount * roomCount).fill(Number.NEGATIVE_INFINITY)
  const reward = new Float64Array(stateCount)
  for (let t = 0; t < slotCount; t += 1) {
    reward.fill(0)
    for (const [i, { tenant, answers }] of tenants.entries()) {
      const { accuracyDeployed, valuePerAnswer } = tenant.tenant
      const worth = valuePerAnswer * (accuracyDeployed[t] as number)
      const offset = i * stateCount
      for (let x = 0; x < stateCount; x += 1) {
        const answered = answers[t * multisetCount + (held[offset + x] as number)] as number
        reward[x] = (reward[x] as number) + worth * answered
      }
    }
    for (let x = 0; x < stateCount; x += 1) {
      const index = t * roomCount + (room[x] as number)
      if ((reward[x] as number) > (best[index] as number)) best[index] = reward[x] as number
    }
  }
  return best
}

/** What bestByRoom goes by. */
type Served = Pick<DualProblem, 'slotCount' | 'space' | 'states'> & {
  readonly tenants: readonly Pick<DualProblem['tenants'][number], 'tenant' | 'answers'>[]
}

/**
 * What the best serving of a slot loses when, beside what is occupied, one instance of the kind
 * must be kept free for that slot: price[kind * slotCount + t], Infinity where there is no room.
 */
export function marginalPrices(
  { slotCount, space, states }: Pick<DualProblem, 'slotCount' | 'space' | 'states'>,
  best: Float64Array,
  occupied: Int16Array,
): Float64Array {
  const { multisetCount, kindCount, plus } = space
  const { roomCount, fits } = states
  const prices = new Float64Array(kindCount * slotCount)
  const mostWith = (t: number, m: number) => {
    let most = Number.NEGATIVE_INFINITY
    for (let room = 0; room < roomCount && m >= 0; room += 1) {
      const value = best[t * roomCount + room] as number
      if (value > most && fits[room * multisetCount + m] === 1) most = value
    }
    return most
  }
  for (let t = 0; t < slotCount; t += 1) {
    const beside = occupied[t] as number
    const all = mostWith(t, beside)
    for (let kind = 0; kind < kindCount; kind += 1) {
      const more = plus[beside * kindCount + kind] as number
      prices[kind * slotCount + t] = all - mostWith(t, more)
    }
  }
  return prices
}
