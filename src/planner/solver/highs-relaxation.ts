import type { Highs } from 'highs'
import { must } from '../../base/assert.ts'
import { type Model, modelDefect } from '../model.ts'
import type { Bounds, Relaxation, RelaxedSolution } from '../solver.ts'
import {
  encode,
  exhausted,
  failed,
  type NativeModel,
  objectiveScale,
  unsolved,
} from './highs-model.ts'

/**
 * The linear relaxation of a model, kept in HiGHS: dual simplex starts from the last basis, so that
 * a solve after a few changed bounds takes a few dozen iterations instead of thousands.
 */
export function openRelaxation(highs: Highs, model: Model): Relaxation {
  const defect = modelDefect(model)
  if (defect !== null) return broken(model, defect)
  if (model.variables.length === 0) return trivial(model)
  const scale = objectiveScale(model)
  const session = { highs, model, scale, changed: new Set<number>() }
  try {
    const native = highs.createModel(encode(highs, model, { scale, isRelaxed: true }))
    native.options.set({ output_flag: false, random_seed: 0, presolve: 'off' })
    return {
      solve: (bounds, workMax) => solveWith({ ...session, native }, bounds, workMax),
      close: () => native.dispose(),
    }
  } catch (error) {
    return broken(model, error)
  }
}

type Session = {
  readonly highs: Highs
  readonly native: NativeModel
  readonly model: Model
  readonly scale: number
  /** Variables whose bounds are not the model's at the moment. */
  readonly changed: Set<number>
}

function solveWith(session: Session, bounds: Bounds, workMax: number): RelaxedSolution {
  const { native, model } = session
  try {
    setBounds(session, bounds)
    native.options.set({ simplex_iteration_limit: Math.max(0, Math.min(2 ** 31 - 1, workMax)) })
    native.run()
    return read(session)
  } catch (error) {
    return failed(model, error, 0)
  }
}

function setBounds({ native, model, changed }: Session, bounds: Bounds): void {
  for (const variable of changed) {
    if (bounds.has(variable)) continue
    const { lower, upper } = must(model.variables[variable])
    native.changeColBounds(variable, lower, upper)
    changed.delete(variable)
  }
  for (const [variable, [lower, upper]] of bounds) {
    native.changeColBounds(variable, lower, upper)
    changed.add(variable)
  }
}

function read({ highs, native, model, scale }: Session): RelaxedSolution {
  const status = native.getModelStatus()
  const iterations = Number(native.info.get('simplex_iteration_count'))
  const without = unsolved(highs, model, { status, iterations })
  if (without !== null) return without
  if (status !== highs.constants.modelStatus.optimal) return exhausted(model, iterations)
  const { colValue, rowDual } = native.getSolution()
  const objective = native.getObjectiveValue() / scale + model.objectiveConstant
  return {
    status: 'optimal',
    values: colValue,
    duals: rowDual.map((dual) => dual / scale),
    objective,
    bound: objective,
    iterations,
  }
}

function broken(model: Model, error: unknown): Relaxation {
  return { solve: () => failed(model, error, 0), close: () => {} }
}

/** A model without variables has one point; HiGHS calls it empty. */
function trivial({ objectiveConstant, constraints }: Model): Relaxation {
  const solution: RelaxedSolution = {
    status: 'optimal',
    values: new Float64Array(0),
    duals: new Float64Array(constraints.length),
    objective: objectiveConstant,
    bound: objectiveConstant,
    iterations: 0,
  }
  return { solve: () => solution, close: () => {} }
}
