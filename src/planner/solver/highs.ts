import highsModule, { type CallbackEventFor, type Highs } from 'highs'
import { type Model, modelDefect } from '../model.ts'
import type { Solution, Solver, SolveSettings } from '../solver.ts'
import {
  encode,
  exhausted,
  failed,
  type NativeModel,
  objectiveScale,
  unsolved,
} from './highs-model.ts'
import { openRelaxation } from './highs-relaxation.ts'

/** The package's types describe its CommonJS build; its ES build exports the loader itself. */
const loadHighs = highsModule as unknown as (typeof highsModule)['default']

/**
 * HiGHS (https://highs.dev) compiled to WebAssembly, behind our `Solver`. One thread, a fixed seed
 * and no clock: the limit is LP iterations.
 */
export async function createHighsSolver(): Promise<Solver> {
  const highs = await loadHighs()
  return {
    name: `highs ${highs.version.string}`,
    solve: (model, settings) => solve(highs, model, settings),
    relax: (model) => openRelaxation(highs, model),
  }
}

function solve(highs: Highs, model: Model, settings: SolveSettings): Solution {
  const defect = modelDefect(model)
  if (defect !== null) return failed(model, defect, 0)
  if (model.variables.length === 0) return trivial(model)
  const scale = objectiveScale(model)
  const progress = { iterations: 0 }
  try {
    return highs.withModel(encode(highs, model, { scale, isRelaxed: false }), (native) => {
      native.options.set(optionsOf(settings))
      if (settings.startValues !== undefined) {
        native.setSolution({ colValue: settings.startValues })
      }
      native.run(callbacks(highs, settings, progress))
      return read({ highs, native, model, scale, iterations: progress.iterations })
    })
  } catch (error) {
    return failed(model, error, progress.iterations)
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

function callbacks(highs: Highs, { workMax }: SolveSettings, progress: { iterations: number }) {
  return {
    [highs.constants.callbackType.mipInterrupt]: (event: CallbackEventFor<6>): undefined => {
      const counted = Number(event.data.mip_total_lp_iterations ?? 0)
      progress.iterations = Math.max(progress.iterations, counted)
      if (progress.iterations >= workMax) event.interrupt()
    },
  }
}

type Finished = {
  readonly highs: Highs
  readonly native: NativeModel
  readonly model: Model
  readonly scale: number
  readonly iterations: number
}

/** Status first; a point is read only when HiGHS calls it feasible. */
function read({ highs, native, model, scale, iterations: seen }: Finished): Solution {
  const { modelStatus, solutionStatus } = highs.constants
  const status = native.getModelStatus()
  const iterations = Math.max(seen, Number(native.info.get('simplex_iteration_count')))
  const without = unsolved(highs, model, { status, iterations })
  if (without !== null) return without
  if (native.info.get('primal_solution_status') !== solutionStatus.feasible) {
    return exhausted(model, iterations)
  }
  const objective = native.getObjectiveValue() / scale + model.objectiveConstant
  const bound = Number(native.info.get('mip_dual_bound')) / scale + model.objectiveConstant
  return {
    status: status === modelStatus.optimal ? 'optimal' : 'feasible',
    values: native.getSolution().colValue,
    objective,
    bound: Math.max(objective, bound),
    iterations,
  }
}

/** A model without variables has one point; HiGHS calls it empty. */
function trivial({ objectiveConstant: objective }: Model): Solution {
  const values = new Float64Array(0)
  return { status: 'optimal', values, objective, bound: objective, iterations: 0 }
}
