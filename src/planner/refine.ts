import type { Grid } from './grid.ts'
import { idleMoves, movesOf } from './refine-moves.ts'
import { RefinedSchedule } from './refined-schedule.ts'
import type { Job } from './schedule.ts'

export type RefineSettings = {
  /** Edits that are tried, at most. */
  readonly stepsMax: number
}

export type Refined = {
  readonly jobs: readonly Job[]
  /** J + T, less a debt for every floor that is missed. */
  readonly value: number
  /** Edits that were tried. */
  readonly steps: number
}

/**
 * Local search on a placed schedule: cut-overs and starts of retrainings move by ever smaller spans
 * down to one slot, tenures are prolonged into idle time, changes that gain nothing go. Every edit
 * is kept only if the value rises (or stays, with fewer jobs), so more steps never make it worse.
 */
export function refine(grid: Grid, jobs: readonly Job[], { stepsMax }: RefineSettings): Refined {
  const state = new RefinedSchedule(grid, jobs)
  const longest = 2 ** Math.max(0, Math.floor(Math.log2(grid.problem.slotCount / 12)))
  for (let span = longest; span >= 1 && state.steps < stepsMax; ) {
    if (!sweep(state, span, stepsMax)) span /= 2
  }
  return { jobs: state.jobs(), value: state.value, steps: state.steps }
}

/** Tries every move by that span once; whether anything was gained. */
function sweep(state: RefinedSchedule, span: number, stepsMax: number): boolean {
  const before = state.value
  for (const job of state.jobs()) {
    if (!state.has(job)) continue
    for (const move of movesOf(state, job, span)) {
      if (state.steps >= stepsMax) return false
      if (state.attempt(move)) break
    }
  }
  for (const move of idleMoves(state)) {
    if (state.steps >= stepsMax) return false
    state.attempt(move)
  }
  return state.value > before + 1e-9 * Math.abs(before)
}
