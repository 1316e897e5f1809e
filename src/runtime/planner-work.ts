import type { Plan } from '../core/plan/plan.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { planPath } from '../planner/path/plan-path.ts'

/** What a planner thread is asked to do. */
export type PlannerRequest = {
  /** Answers bear it, so that a late one is not taken for another's. */
  readonly id: number
  readonly problem: PlanningProblem
  /** When to stop by itself, in milliseconds since the epoch; its owner ends it a little later. */
  readonly stopAtMs: number
  readonly stepsMax: number
  readonly gapTarget: number
  /** An earlier plan; as much of it as still fits is a first plan. */
  readonly incumbent: Plan | null
}

/** What it tells while it plans: each better plan and bound at once, so that none is ever lost. */
export type PlannerMessage = { readonly id: number } & (
  | {
      readonly kind: 'incumbent'
      readonly plan: Plan
      readonly objective: number
      readonly terminal: number
    }
  /** While no plan keeps every floor. */
  | { readonly kind: 'nearest'; readonly plan: Plan }
  /** On objective plus terminal value of every plan. */
  | { readonly kind: 'bound'; readonly total: number }
  | { readonly kind: 'done'; readonly steps: number; readonly reason: string | null }
)

/** The first word of a thread; its id is no request's. */
export const loadedMessage: PlannerMessage = { id: -1, kind: 'done', steps: 0, reason: null }

/** Milliseconds since the epoch, the same in all threads, and never going back. */
export function epochMs(): number {
  return performance.timeOrigin + performance.now()
}

/** Plans until the time or the steps are over, telling everything through `post`. */
export function planInThread(
  request: PlannerRequest,
  post: (message: PlannerMessage) => void,
): void {
  const { id, problem, stopAtMs, stepsMax, gapTarget, incumbent } = request
  let terminalOfBest = 0
  const outcome = planPath(problem, {
    stepsMax,
    gapTarget,
    ...(incumbent === null ? {} : { incumbent }),
    shouldStop: () => epochMs() >= stopAtMs,
    onIncumbent: ({ plan, value: { objective, terminal } }) => {
      terminalOfBest = terminal
      post({ id, kind: 'incumbent', plan, objective, terminal })
    },
    onNearest: ({ plan }) => post({ id, kind: 'nearest', plan }),
    onBound: (bound) => post({ id, kind: 'bound', total: bound + terminalOfBest }),
  })
  const reason = outcome.status === 'infeasible' ? outcome.reason : null
  post({ id, kind: 'done', steps: outcome.work.steps, reason })
}
