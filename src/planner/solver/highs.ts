import highsModule, { type CallbackEventFor, type Highs, type ModelData } from 'highs'
import { type Model, modelDefect } from '../model.ts'
import type { Solution, Solver, SolveSettings } from '../solver.ts'

/** The package's types describe its CommonJS build; its ES build exports the loader itself. */
const loadHighs = highsModule as unknown as (typeof highsModule)['default']

/**
 * HiGHS (https://highs.dev) compiled to WebAssembly, behind our `Solver`. One thread, a fixed seed and
 * no clock: the limit is LP iterations, read in HiGHS's own interrupt callbacks.
 */
export async function createHighsSolver(): Promise<Solver> {
  const runtime = { highs: await loadHighs() }
  return {
    name: `highs ${runtime.highs.version.string}`,
    solve: (model, settings) => solve(runtime.highs, model, settings),
  }
}

type Progress = { iterations: number; bound: number; wasStopped: boolean }

function solve(highs: Highs, model: Model, settings: SolveSettings): Solution {
  const defect = modelDefect(model)
  if (defect !== null) return failed(`Cannot solve ${model.name}: ${defect}`, 0)
  if (model.variables.length === 0) return trivial(model)
  const scale = objectiveScale(model)
  const progress: Progress = { iterations: 0, bound: Number.POSITIVE_INFINITY, wasStopped: false }
  try {
    const data = encode(highs, model, scale, settings.isRelaxed === true)
    return highs.withModel(data, (native) => {
      native.options.set(optionsOf(settings))
      if (settings.startValues !== undefined) {
        native.setSolution({ colValue: settings.startValues })
      }
      native.run(callbacks(highs, settings, progress))
      return read({ highs, native, model, scale, progress, isRelaxed: settings.isRelaxed === true })
    })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return failed(`Cannot solve ${model.name}: ${message}`, progress.iterations)
  }
}

/** HiGHS's tolerances are absolute (1e-7), so the largest objective coefficient is made about 100. */
function objectiveScale(model: Model): number {
  let largest = 0
  for (const { objective } of model.variables) largest = Math.max(largest, Math.abs(objective))
  return largest > 0 ? 2 ** Math.round(Math.log2(100 / largest)) : 1
}

function encode(highs: Highs, model: Model, scale: number, isRelaxed: boolean): ModelData {
  const { variables, constraints } = model
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
  return {
    numCols: variables.length,
    numRows: constraints.length,
    sense: highs.constants.objectiveSense.maximize,
    colCost: variables.map(({ objective }) => objective * scale),
    colLower: variables.map(({ lower }) => lower),
    colUpper: variables.map(({ upper }) => upper),
    rowLower: constraints.map(({ lower }) => lower),
    rowUpper: constraints.map(({ upper }) => upper),
    matrix: {
      format: 'csr',
      numRows: constraints.length,
      numCols: variables.length,
      starts,
      indices,
      values,
    },
    ...(isRelaxed
      ? {}
      : { integrality: Int32Array.from(variables, ({ isInteger }) => (isInteger ? 1 : 0)) }),
  }
}

/**
 * Presolve, symmetry detection and restarts find little in start-indexed models with thousands of
 * columns and cost several times the root relaxation (docs/designs/002-ilp.md has the figures).
 */
function optionsOf(settings: SolveSettings): Record<string, boolean | number | string> {
  return {
    output_flag: false,
    random_seed: 0,
    presolve: 'off',
    mip_detect_symmetry: false,
    mip_allow_restart: false,
    mip_heuristic_run_feasibility_jump: false,
    mip_rel_gap: settings.gapTarget,
    mip_abs_gap: 1e-6,
    ...(settings.secondsMax === undefined ? {} : { time_limit: settings.secondsMax }),
  }
}

function callbacks(highs: Highs, settings: SolveSettings, progress: Progress) {
  const { simplexInterrupt, mipInterrupt } = highs.constants.callbackType
  const stopAt = (iterations: number, event: { interrupt(): void }): undefined => {
    progress.iterations = Math.max(progress.iterations, iterations)
    if (progress.iterations < settings.workMax) return
    progress.wasStopped = true
    event.interrupt()
  }
  return {
    [simplexInterrupt]: (event: CallbackEventFor<1>): undefined =>
      stopAt(event.data.simplex_iteration_count ?? 0, event),
    [mipInterrupt]: (event: CallbackEventFor<6>): undefined => {
      progress.bound = event.data.mip_dual_bound ?? progress.bound
      return stopAt(Number(event.data.mip_total_lp_iterations ?? 0), event)
    },
  }
}

type Finished = {
  readonly highs: Highs
  readonly native: ReturnType<Highs['createModel']>
  readonly model: Model
  readonly scale: number
  readonly progress: Progress
  readonly isRelaxed: boolean
}

/** Status first; a point is read only when HiGHS calls it feasible. */
function read({ highs, native, model, scale, progress, isRelaxed }: Finished): Solution {
  const { modelStatus, solutionStatus } = highs.constants
  const status = native.getModelStatus()
  const counted = Number(native.info.get('simplex_iteration_count'))
  const iterations = Math.max(progress.iterations, counted)
  switch (status) {
    case modelStatus.infeasible:
      return { status: 'infeasible', reason: `${model.name} is infeasible`, iterations }
    case modelStatus.unbounded:
    case modelStatus.unboundedOrInfeasible:
      return { status: 'unbounded', reason: `${model.name} is unbounded`, iterations }
    case modelStatus.optimal:
    case modelStatus.interrupted:
    case modelStatus.timeLimit:
    case modelStatus.iterationLimit:
      break
    default:
      return failed(`HiGHS ended ${model.name} with status ${status}`, iterations)
  }
  const isOptimal = status === modelStatus.optimal
  const isFeasible = native.info.get('primal_solution_status') === solutionStatus.feasible
  if (!isFeasible || (isRelaxed && !isOptimal)) {
    const reason = `No feasible point of ${model.name} within ${iterations} LP iterations`
    return { status: 'exhausted', reason, iterations }
  }
  const { colValue, rowDual } = native.getSolution()
  const objective = native.getObjectiveValue() / scale + model.objectiveConstant
  const dualBound = isRelaxed
    ? native.getObjectiveValue()
    : Number(native.info.get('mip_dual_bound'))
  return {
    status: isOptimal ? 'optimal' : 'feasible',
    values: colValue,
    duals: isRelaxed ? rowDual.map((dual) => dual / scale) : null,
    objective,
    bound: Math.max(objective, dualBound / scale + model.objectiveConstant),
    iterations,
  }
}

function failed(reason: string, iterations: number): Solution {
  return { status: 'failed', reason, iterations }
}

/** A model without variables has one point; HiGHS calls it empty. */
function trivial(model: Model): Solution {
  const objective = model.objectiveConstant
  const values = new Float64Array(0)
  return { status: 'optimal', values, duals: null, objective, bound: objective, iterations: 0 }
}
