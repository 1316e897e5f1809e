import { must } from '../base/assert.ts'
import type { Model } from './model.ts'
import type { Bounds } from './solver.ts'

/** New bounds of one variable. */
export type Change = readonly [variable: number, lower: number, upper: number]

/** Two parts that leave out a fractional point and no whole one; `first` lies nearer to it. */
export type Branch = { readonly first: readonly Change[]; readonly other: readonly Change[] }

const tolerance = 1e-6

/**
 * How to divide at a relaxation's optimum; null if it is whole. Decisions with alternatives come
 * first, the most undecided one: the half of its times that holds more of it against the other half
 * (SOS1 branching, Beale and Tomlin 1970), because forbidding one time alone moves it to the next.
 */
export function branchOf(model: Model, values: Float64Array, bounds: Bounds): Branch | null {
  let best: { readonly undecided: number; readonly branch: Branch } | null = null
  for (const group of model.alternatives) {
    const taken = group.filter((variable) => (values[variable] as number) > tolerance)
    const most = taken.reduce((max, variable) => Math.max(max, values[variable] as number), 0)
    if (taken.length === 0 || most > 1 - tolerance) continue
    const undecided = taken.length > 1 ? 2 - most : Math.min(most, 1 - most)
    if (best !== null && undecided <= best.undecided) continue
    const only = must(taken[0])
    const branch = taken.length > 1 ? halves(group, taken, values) : rounding(values, only, [0, 1])
    best = { undecided, branch }
  }
  return best === null ? mostFractional(model, values, bounds) : best.branch
}

/** Before and after the median of what is taken. */
function halves(group: readonly number[], taken: readonly number[], values: Float64Array): Branch {
  const valueOf = (variable: number) => values[variable] as number
  const total = taken.reduce((sum, variable) => sum + valueOf(variable), 0)
  let early = 0
  let last = 0
  while (last < taken.length - 1) {
    early += valueOf(must(taken[last]))
    if (early >= total / 2 || last === taken.length - 2) break
    last += 1
  }
  const cut = group.indexOf(must(taken[last])) + 1
  const forbid = (variables: readonly number[]) =>
    variables.map((variable): Change => [variable, 0, 0])
  const parts = { early: forbid(group.slice(cut)), late: forbid(group.slice(0, cut)) }
  return early >= total - early
    ? { first: parts.early, other: parts.late }
    : { first: parts.late, other: parts.early }
}

function mostFractional(model: Model, values: Float64Array, bounds: Bounds): Branch | null {
  let most = tolerance
  let chosen = -1
  for (const [variable, { isInteger }] of model.variables.entries()) {
    if (!isInteger) continue
    const value = values[variable] as number
    const distance = Math.abs(value - Math.round(value))
    if (distance > most) {
      most = distance
      chosen = variable
    }
  }
  if (chosen < 0) return null
  const { lower, upper } = must(model.variables[chosen])
  return rounding(values, chosen, bounds.get(chosen) ?? [lower, upper])
}

function rounding(
  values: Float64Array,
  variable: number,
  [lower, upper]: readonly [number, number],
): Branch {
  const value = values[variable] as number
  const floor = Math.floor(value)
  const down: readonly Change[] = [[variable, lower, floor]]
  const up: readonly Change[] = [[variable, floor + 1, upper]]
  return value - floor >= 0.5 ? { first: up, other: down } : { first: down, other: up }
}
