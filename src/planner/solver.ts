import type { Model } from './model.ts'

/**
 * How long and how well to solve. Work is counted in LP iterations, never in seconds: the same model
 * and settings give the same solution on every machine.
 */
export type SolveSettings = {
  /** Stop when the relative gap between bound and incumbent is at most this. */
  readonly gapTarget: number
  /** Most LP iterations; the solver looks at it every few dozen, so it may be overrun a little. */
  readonly workMax: number
  /** A feasible point (one value per variable) to start from. */
  readonly startValues?: readonly number[]
  /** Solve the linear relaxation: integrality is ignored, and `duals` are given. */
  readonly isRelaxed?: boolean
  /** Wall-clock limit, only for a runtime that must meet a deadline: it breaks determinism. */
  readonly secondsMax?: number
}

/**
 * Status first, values after: only 'optimal' (to the gap asked for) and 'feasible' (the work ran out,
 * an incumbent exists) carry a point. `bound` is an upper bound on the objective of every point.
 * Objective and bound include the model's constant.
 */
export type Solution =
  | {
      readonly status: 'optimal' | 'feasible'
      readonly values: Float64Array
      /** One per constraint, of the relaxation only: gain of the objective per unit of its side. */
      readonly duals: Float64Array | null
      readonly objective: number
      readonly bound: number
      readonly iterations: number
    }
  | {
      /** 'exhausted': the work ran out before any feasible point; 'failed': the solver broke down. */
      readonly status: 'infeasible' | 'unbounded' | 'exhausted' | 'failed'
      readonly reason: string
      readonly iterations: number
    }

/** Solves models; deterministic, and never throws: a breakdown is status 'failed'. */
export type Solver = {
  readonly name: string
  readonly solve: (model: Model, settings: SolveSettings) => Solution
}
