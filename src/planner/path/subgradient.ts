/**
 * Minimises a convex function of prices mu >= 0 by projected subgradient steps of Polyak's length
 * towards a value that is known to be attainable, with momentum, on prices that are constant over
 * blocks of slots (coarse first: fewer dimensions, larger steps).
 */
export type SubgradientState = {
  mu: Float64Array
  best: Float64Array
  bestValue: number
  direction: Float64Array | null
  /** Share of Polyak's step. */
  relaxation: number
  sinceBetter: number
}

export function subgradientStateOf(mu: Float64Array): SubgradientState {
  return {
    mu,
    best: mu,
    bestValue: Number.POSITIVE_INFINITY,
    direction: null,
    relaxation: 0.5,
    sinceBetter: 0,
  }
}

export type Evaluation = {
  readonly value: number
  readonly subgradient: Float64Array
  /** What the minimum cannot be below: the value of the best plan. */
  readonly target: number
}

/** Takes in the function at `state.mu` and moves `state.mu` to where to evaluate next. */
export function subgradientStep(
  state: SubgradientState,
  { value, subgradient, target }: Evaluation,
  shape: { readonly slotCount: number; readonly block: number },
): void {
  if (value < state.bestValue) {
    const isMuch = value < state.bestValue - 1e-4 * Math.abs(state.bestValue)
    state.sinceBetter = isMuch ? 0 : state.sinceBetter + 1
    state.bestValue = value
    state.best = state.mu
  } else state.sinceBetter += 1
  if (state.sinceBetter > patience) {
    state.relaxation *= 0.6
    state.sinceBetter = 0
    state.mu = state.best
    state.direction = null
  }
  const mean = blockMeans(subgradient, shape)
  const direction = withMomentum(mean, state.direction)
  state.direction = direction
  const goal = Math.max(target, state.bestValue - 0.03 * Math.abs(state.bestValue))
  const gap = Math.max(value - goal, 1e-4 * Math.abs(value))
  let norm = 0
  for (const [i, d] of direction.entries()) {
    if ((state.mu[i] as number) > 0 || d < 0) norm += d * d
  }
  if (norm < 1e-12) return
  const step = (state.relaxation * gap) / norm
  state.mu = state.mu.map((price, i) => Math.max(0, price - step * (direction[i] as number)))
}

/** Evaluations without progress before steps get shorter. */
const patience = 4
const momentum = 0.4

function withMomentum(mean: Float64Array, last: Float64Array | null): Float64Array {
  if (last === null) return mean
  return mean.map((d, i) => (1 - momentum) * d + momentum * (last[i] as number))
}

/** Each row of `slotCount` values averaged over blocks of slots. */
function blockMeans(
  values: Float64Array,
  { slotCount, block }: { readonly slotCount: number; readonly block: number },
): Float64Array {
  if (block === 1) return values
  const means = new Float64Array(values.length)
  for (let row = 0; row < values.length; row += slotCount) {
    for (let t = 0; t < slotCount; t += block) {
      const end = Math.min(slotCount, t + block)
      let sum = 0
      for (let q = t; q < end; q += 1) sum += values[row + q] as number
      means.fill(sum / (end - t), row + t, row + end)
    }
  }
  return means
}
