import type { DualProblem } from './dual-problem.ts'

/**
 * Prices mu >= 0 of holding an instance of each kind in each slot while it does not serve:
 * `mu[kind * slotCount + t]`, with what follows from them.
 */
export type Prices = {
  readonly mu: Float64Array
  /** sums[kind][t]: the prices of slots 0 .. t - 1 (Q of design 003). */
  readonly sums: readonly Float64Array[]
  /** slack[t * multisetCount + m]: most that can be earned beside m in slot t (equation 7). */
  readonly slack: Float64Array
  /** The maximal multiset that earns it. */
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

/** Equation (7): max over maximal c that contain m of mu_t . (c - m). */
function slackOf(
  { slotCount, space }: DualProblem,
  mu: Float64Array,
): Pick<Prices, 'slack' | 'fill'> {
  const { multisetCount, kindCount, counts } = space
  const fillers = fillersOf(space)
  const slack = new Float64Array(slotCount * multisetCount)
  const fill = new Int16Array(slotCount * multisetCount)
  const worth = new Float64Array(multisetCount)
  for (let t = 0; t < slotCount; t += 1) {
    for (let m = 0; m < multisetCount; m += 1) {
      let sum = 0
      for (let kind = 0; kind < kindCount; kind += 1) {
        sum += (counts[m * kindCount + kind] as number) * (mu[kind * slotCount + t] as number)
      }
      worth[m] = sum
    }
    for (let m = 0; m < multisetCount; m += 1) {
      let best = Number.NEGATIVE_INFINITY
      for (const c of fillers[m] as readonly number[]) {
        const value = worth[c] as number
        if (value > best) {
          best = value
          fill[t * multisetCount + m] = c
        }
      }
      slack[t * multisetCount + m] = best - (worth[m] as number)
    }
  }
  return { slack, fill }
}

const knownFillers = new WeakMap<object, readonly (readonly number[])[]>()

/** For each multiset the maximal ones that contain it. */
function fillersOf(space: DualProblem['space']): readonly (readonly number[])[] {
  const known = knownFillers.get(space)
  if (known !== undefined) return known
  const { multisetCount, kindCount, counts, maximal } = space
  const contains = (c: number, m: number) => {
    for (let kind = 0; kind < kindCount; kind += 1) {
      const has = counts[c * kindCount + kind] as number
      if (has < (counts[m * kindCount + kind] as number)) return false
    }
    return true
  }
  const fillers = Array.from({ length: multisetCount }, (_, m) =>
    maximal.filter((c) => contains(c, m)),
  )
  knownFillers.set(space, fillers)
  return fillers
}

/**
 * Prices to start from: the marginal ones, smoothed over about two warm-ups, because layouts cannot
 * follow every slot, and a little lower. On random windows the first bound is then 1 to 2 % above
 * the best plan.
 */
export function startingPrices(problem: DualProblem): Float64Array {
  const { slotCount } = problem
  const marginal = marginalPrices(problem)
  return marginal.map((_, index) => {
    const row = index - (index % slotCount)
    const from = Math.max(row, index - smoothingSlots)
    const until = Math.min(row + slotCount, index + smoothingSlots + 1)
    let sum = 0
    for (let other = from; other < until; other += 1) sum += marginal[other] as number
    return (startingShare * sum) / (until - from)
  })
}

const smoothingSlots = 8
const startingShare = 0.8

/**
 * What the best serving of a slot, with the versions deployed, loses when one instance of the kind
 * must be kept free for that slot.
 */
function marginalPrices({ slotCount, space, states, tenants }: DualProblem): Float64Array {
  const { multisetCount, kindCount, plus } = space
  const mu = new Float64Array(kindCount * slotCount)
  const best = new Float64Array(multisetCount)
  for (let t = 0; t < slotCount; t += 1) {
    best.fill(Number.NEGATIVE_INFINITY)
    for (let x = 0; x < states.stateCount; x += 1) {
      let reward = 0
      for (const [i, { tenant, answers }] of tenants.entries()) {
        const m = states.held[i * states.stateCount + x] as number
        const worth = tenant.tenant.valuePerAnswer * (tenant.tenant.accuracyDeployed[t] as number)
        reward += worth * (answers[t * multisetCount + m] as number)
      }
      const total = states.total[x] as number
      if (reward > (best[total] as number)) best[total] = reward
    }
    const all = best.reduce((most, value) => Math.max(most, value), 0)
    for (let kind = 0; kind < kindCount; kind += 1) {
      let beside = 0
      for (let m = 0; m < multisetCount; m += 1) {
        if ((plus[m * kindCount + kind] as number) >= 0)
          beside = Math.max(beside, best[m] as number)
      }
      mu[kind * slotCount + t] = all - beside
    }
  }
  return mu
}
