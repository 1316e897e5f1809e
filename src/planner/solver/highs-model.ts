import type { Highs, ModelData } from 'highs'
import type { Model } from '../model.ts'
import type { Unsolved } from '../solver.ts'

export type NativeModel = ReturnType<Highs['createModel']>

/**
 * HiGHS's tolerances are absolute (1e-7), so the largest objective coefficient is made about 100.
 * A power of two: scaling back and forth loses nothing.
 */
export function objectiveScale(model: Model): number {
  let largest = 0
  for (const { objective } of model.variables) largest = Math.max(largest, Math.abs(objective))
  return largest > 0 ? 2 ** Math.round(Math.log2(100 / largest)) : 1
}

/** The model as HiGHS takes it, its objective scaled and without its constant. */
export function encode(
  highs: Highs,
  model: Model,
  options: { readonly scale: number; readonly isRelaxed: boolean },
): ModelData {
  const { variables, constraints } = model
  const integrality = Int32Array.from(variables, ({ isInteger }) => (isInteger ? 1 : 0))
  return {
    numCols: variables.length,
    numRows: constraints.length,
    sense: highs.constants.objectiveSense.maximize,
    colCost: variables.map(({ objective }) => objective * options.scale),
    colLower: variables.map(({ lower }) => lower),
    colUpper: variables.map(({ upper }) => upper),
    rowLower: constraints.map(({ lower }) => lower),
    rowUpper: constraints.map(({ upper }) => upper),
    matrix: { format: 'csr', ...matrixOf(model) },
    ...(options.isRelaxed ? {} : { integrality }),
  }
}

/** Rows one after the other. */
function matrixOf({ variables, constraints }: Model) {
  const starts = new Int32Array(constraints.length + 1)
  for (const [row, { terms }] of constraints.entries()) {
    starts[row + 1] = (starts[row] as number) + terms.length
  }
  const indices = new Int32Array(starts[constraints.length] as number)
  const values = new Float64Array(indices.length)
  let at = 0
  for (const { terms } of constraints) {
    for (const [variable, coefficient] of terms) {
      indices[at] = variable
      values[at] = coefficient
      at += 1
    }
  }
  return { numRows: constraints.length, numCols: variables.length, starts, indices, values }
}

export function failed(model: Model, error: unknown, iterations: number): Unsolved {
  const message = error instanceof Error ? error.message : String(error)
  return { status: 'failed', reason: `Cannot solve ${model.name}: ${message}`, iterations }
}

/** What HiGHS's model status means where it leaves no point; null where there may be one. */
export function unsolved(
  highs: Highs,
  model: Model,
  { status, iterations }: { readonly status: number; readonly iterations: number },
): Unsolved | null {
  const { modelStatus } = highs.constants
  switch (status) {
    case modelStatus.optimal:
    case modelStatus.interrupted:
    case modelStatus.timeLimit:
    case modelStatus.iterationLimit:
      return null
    case modelStatus.infeasible:
      return { status: 'infeasible', reason: `${model.name} is infeasible`, iterations }
    case modelStatus.unbounded:
    case modelStatus.unboundedOrInfeasible:
      return { status: 'unbounded', reason: `${model.name} is unbounded`, iterations }
    default:
      return failed(model, `HiGHS ended with status ${status}`, iterations)
  }
}

export function exhausted(model: Model, iterations: number): Unsolved {
  const reason = `No feasible point of ${model.name} within ${iterations} LP iterations`
  return { status: 'exhausted', reason, iterations }
}
