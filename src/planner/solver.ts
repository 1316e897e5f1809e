import type { Model } from './model.ts'

/**
 * How long and how well to solve. Work is counted in LP iterations, never in seconds: the same
 * model and settings give the same solution on every machine.
 */
export type SolveSettings = {
  /** Stop when the relative gap between bound and incumbent is at most this. */
  readonly gapTarget: number
  /**
   * Most LP iterations. A MIP solver looks at them between its phases only and may overrun this
   * several times; a relaxation ends exactly here.
   */
  readonly workMax: number
  /** A feasible point (one value per variable) to start from. */
  readonly startValues?: readonly number[]
  /** Wall-clock limit, only for a runtime that must meet a deadline: it breaks determinism. */
  readonly secondsMax?: number
}

/**
 * Status first, values after: only 'optimal' (to the gap asked for) and 'feasible' (the work ran
 * out, an incumbent exists) carry a point. `bound` is an upper bound on the objective of every
 * point. Objective and bound include the model's constant.
 */
export type Solution = Solved | Unsolved

export type Solved = {
  readonly status: 'optimal' | 'feasible'
  readonly values: Float64Array
  readonly objective: number
  readonly bound: number
  readonly iterations: number
}

export type Unsolved = {
  /** 'exhausted': the work ran out before any feasible point; 'failed': the solver broke down. */
  readonly status: 'infeasible' | 'unbounded' | 'exhausted' | 'failed'
  readonly reason: string
  readonly iterations: number
}

export function isSolved(solution: Solution): solution is Solved {
  return solution.status === 'optimal' || solution.status === 'feasible'
}

/** A relaxation's optimum has a dual per constraint: the objective gained per unit of its side. */
export type RelaxedSolution =
  | (Solved & { readonly status: 'optimal'; readonly duals: Float64Array })
  | Unsolved

/** Other bounds for some variables, by index. */
export type Bounds = ReadonlyMap<number, readonly [lower: number, upper: number]>

/** A model without its integrality, kept open: each solve starts from where the last one ended. */
export type Relaxation = {
  readonly solve: (bounds: Bounds, workMax: number) => RelaxedSolution
  readonly close: () => void
}

/** Solves models; deterministic, and never throws: a breakdown is status 'failed'. */
export type Solver = {
  readonly name: string
  readonly solve: (model: Model, settings: SolveSettings) => Solution
  readonly relax: (model: Model) => Relaxation
}

const absent: Unsolved = { status: 'failed', reason: 'There is no solver', iterations: 0 }

/** Stands for a solver where none was brought: every answer is 'failed'. */
export const noSolver: Solver = {
  name: 'none',
  solve: () => absent,
  relax: () => ({ solve: () => absent, close: () => {} }),
}
