import type { Effect } from './effects.ts'
import type { ExecutorState } from './executor-state.ts'

/** A change of the state and what is to be done about it. */
export type Step = { readonly state: ExecutorState; readonly effects: readonly Effect[] }

export function step(state: ExecutorState, ...effects: readonly Effect[]): Step {
  return { state, effects }
}
