import { must } from '../base/assert.ts'
import { expectedEndSeconds, type PlannedInstance, type Tenure } from '../core/plan/plan.ts'
import type { AcceptedPlan, ExecutorState, InstanceState } from './executor-state.ts'

/** Forgives rounding of times that were added up in different orders. */
export const toleranceSeconds = 1e-6

/** Until when the plan is acted on: while another is being made, time stands still for it. */
export function planNow(state: ExecutorState): number {
  return state.frozen?.atSeconds ?? state.nowSeconds
}

/** The tenure a planned instance should be in by now, or null: none has begun or all are over. */
export function currentTenure(state: ExecutorState, index: number): Tenure | null {
  const next = nextTenure(must(state.accepted), index)
  return next !== null && isDue(state, next.initialiseFromSeconds) ? next : null
}

/** The first tenure that is not over, due or not. */
export function nextTenure(accepted: AcceptedPlan, index: number): Tenure | null {
  const { tenureIndex } = must(accepted.progress[index])
  return accepted.plan.instances[index]?.tenures[tenureIndex] ?? null
}

/** The one after that. */
export function tenureAfter(accepted: AcceptedPlan, index: number): Tenure | null {
  const { tenureIndex } = must(accepted.progress[index])
  return accepted.plan.instances[index]?.tenures[tenureIndex + 1] ?? null
}

/** Whether the plan has the second begin on an instance before the first is over there. */
export function isTakeover(before: Tenure, after: Tenure): boolean {
  return expectedEndSeconds(before) > after.initialiseFromSeconds + toleranceSeconds
}

/** The planned instance that a GPU instance stands for and that still has tenures, or null. */
export function claimOf(state: ExecutorState, instanceId: string): number | null {
  const { accepted } = state
  if (accepted === null) return null
  const index = accepted.progress.findIndex(
    (own, i) =>
      (own.instanceId === instanceId || own.nextInstanceId === instanceId) &&
      nextTenure(accepted, i) !== null,
  )
  return index < 0 ? null : index
}

/** Whether it is there for the tenure after the one that its GPU instance is in. */
export function isNext(state: ExecutorState, { id }: InstanceState): boolean {
  return state.accepted?.progress.some(({ nextInstanceId }) => nextInstanceId === id) ?? false
}

/** What a GPU instance should be doing by now, or null: nothing. */
export function desiredTenure(state: ExecutorState, instance: InstanceState): Tenure | null {
  const index = claimOf(state, instance.id)
  if (index === null) return null
  const accepted = must(state.accepted)
  return isNext(state, instance) ? tenureAfter(accepted, index) : currentTenure(state, index)
}

/** Planned instances on this GPU whose tenure has begun but that do not exist yet, oldest first. */
export function dueCreates(state: ExecutorState, gpu: number): readonly PlannedInstance[] {
  const { accepted } = state
  if (accepted === null) return []
  return accepted.plan.instances
    .map((planned, index) => ({ planned, index, tenure: currentTenure(state, index) }))
    .filter(({ planned, index, tenure }) => {
      return planned.gpu === gpu && tenure !== null && accepted.progress[index]?.instanceId === null
    })
    .sort((a, b) => must(a.tenure).initialiseFromSeconds - must(b.tenure).initialiseFromSeconds)
    .map(({ planned }) => planned)
}

/** When something falls due next, strictly after now; null when nothing will. */
export function nextDueSeconds(state: ExecutorState): number | null {
  const { accepted, nowSeconds } = state
  const times = state.gpus.map((gpu) => gpu.retryFromSeconds)
  if (accepted !== null) {
    for (const [index] of accepted.plan.instances.entries()) {
      times.push(...dueSecondsOf(state, accepted, index))
    }
  }
  const ahead = times.filter((at) => at > nowSeconds + toleranceSeconds)
  return ahead.length === 0 ? null : Math.min(...ahead)
}

function dueSecondsOf(
  state: ExecutorState,
  accepted: AcceptedPlan,
  index: number,
): readonly number[] {
  const next = nextTenure(accepted, index)
  if (next === null) return []
  const own = [next.initialiseFromSeconds, endSeconds(next)]
  const after = tenureAfter(accepted, index)
  const isKept = must(accepted.progress[index]).nextInstanceId != null
  if (after === null || !(isKept || isTakeover(next, after))) return own
  return [...own, after.initialiseFromSeconds, routedFromSeconds(state, after), endSeconds(after)]
}

/** When who takes over is routed, so as to serve when it is planned to. */
export function routedFromSeconds(state: ExecutorState, { serveFromSeconds }: Tenure): number {
  return serveFromSeconds - state.cutOverSeconds
}

export function isDue(state: ExecutorState, atSeconds: number): boolean {
  return planNow(state) >= atSeconds - toleranceSeconds
}

function endSeconds({ until }: Tenure): number {
  return until.kind === 'time' ? until.atSeconds : until.latestSeconds
}
