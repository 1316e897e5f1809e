import { must } from '../base/assert.ts'
import {
  expectedEndSeconds,
  type PlannedInstance,
  placeOfShare,
  type Tenure,
} from '../core/plan/plan.ts'
import {
  type AcceptedPlan,
  type ExecutorState,
  findInstance,
  type InstanceProgress,
  type InstanceState,
  tenantOf,
} from './executor-state.ts'

/** Forgives rounding of times that were added up in different orders. */
const toleranceSeconds = 1e-6

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

/** The planned instance that a GPU instance stands for and that still has tenures, or null. */
export function claimOf(state: ExecutorState, instanceId: string): number | null {
  const { accepted } = state
  if (accepted === null) return null
  const index = accepted.progress.findIndex(
    (progress, i) => progress.instanceId === instanceId && nextTenure(accepted, i) !== null,
  )
  return index < 0 ? null : index
}

/** What a GPU instance should be doing by now, or null: nothing. */
export function desiredTenure(state: ExecutorState, instance: InstanceState): Tenure | null {
  const index = claimOf(state, instance.id)
  return index === null ? null : currentTenure(state, index)
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

/** Moves every planned instance past the tenures that are over; null when none is. */
export function passTenures(state: ExecutorState): ExecutorState | null {
  const { accepted } = state
  if (accepted === null) return null
  const progress = accepted.progress.map((own, index) =>
    isOver(state, index) ? { ...own, tenureIndex: own.tenureIndex + 1 } : own,
  )
  return changedProgress(state, accepted, progress)
}

/** Forgets GPU instances that are going, and claims those that lie where one is planned. */
export function bindInstances(state: ExecutorState): ExecutorState | null {
  const { accepted } = state
  if (accepted === null) return null
  const progress = accepted.progress.map((own) => {
    const instance = own.instanceId === null ? undefined : findInstance(state, own.instanceId)
    const isGone = instance === undefined || instance.phase === 'destroying'
    return isGone && own.instanceId !== null ? { ...own, instanceId: null } : own
  })
  const order = progress
    .map((own, index) => ({ own, index, next: nextTenure(accepted, index) }))
    .filter(({ own, next }) => own.instanceId === null && next !== null)
    .sort((a, b) => must(a.next).initialiseFromSeconds - must(b.next).initialiseFromSeconds)
  const isClaimed = (id: string): boolean =>
    progress.some((own, i) => own.instanceId === id && nextTenure(accepted, i) !== null)
  for (const { index } of order) {
    const planned = must(accepted.plan.instances[index])
    const free = state.instances.filter(({ id, phase }) => phase !== 'destroying' && !isClaimed(id))
    const found =
      free.find((instance) => liesAt(instance, planned)) ??
      free.find((instance) => isAlike(state, instance, { planned, index }))
    if (found !== undefined) progress[index] = { ...must(progress[index]), instanceId: found.id }
  }
  return changedProgress(state, accepted, progress)
}

/** When something falls due next, strictly after now; null when nothing will. */
export function nextDueSeconds(state: ExecutorState): number | null {
  const { accepted, nowSeconds } = state
  const times = state.gpus.map((gpu) => gpu.retryFromSeconds)
  if (accepted !== null) {
    for (const [index] of accepted.plan.instances.entries()) {
      const next = nextTenure(accepted, index)
      if (next === null) continue
      times.push(next.initialiseFromSeconds)
      if (next.until.kind === 'time') times.push(next.until.atSeconds)
      else times.push(next.until.latestSeconds)
    }
  }
  const ahead = times.filter((at) => at > nowSeconds + toleranceSeconds)
  return ahead.length === 0 ? null : Math.min(...ahead)
}

export function isDue(state: ExecutorState, atSeconds: number): boolean {
  return planNow(state) >= atSeconds - toleranceSeconds
}

function changedProgress(
  state: ExecutorState,
  accepted: AcceptedPlan,
  progress: readonly InstanceProgress[],
): ExecutorState | null {
  if (progress.every((own, index) => own === accepted.progress[index])) return null
  return { ...state, accepted: { ...accepted, progress } }
}

function liesAt(instance: InstanceState, planned: PlannedInstance): boolean {
  const { profileId, start } = placeOfShare(planned.share)
  return (
    instance.gpu === planned.gpu && instance.profileId === profileId && instance.start === start
  )
}

/** Seats of shares mean nothing: a tenant's worker with the share it is to have now will do. */
function isAlike(
  state: ExecutorState,
  { gpu, profileId, worker }: InstanceState,
  { planned, index }: { readonly planned: PlannedInstance; readonly index: number },
): boolean {
  const { share } = planned
  if (share.kind !== 'mps' || gpu !== planned.gpu || profileId !== share.percent) return false
  const tenure = currentTenure(state, index)
  return worker?.kind === 'inference' && worker.tenant === tenure?.tenant
}

function isOver(state: ExecutorState, index: number): boolean {
  const accepted = must(state.accepted)
  const tenure = nextTenure(accepted, index)
  if (tenure === null) return false
  if (tenure.role.kind === 'retraining') return isRetrainingOver(state, accepted, index, tenure)
  return isTimeOver(state, accepted, index, tenure) && !waitsForSuccessor(state, index, tenure)
}

/** A last tenure that reaches the plan's end is held over until the next plan. */
function isTimeOver(
  state: ExecutorState,
  accepted: AcceptedPlan,
  index: number,
  tenure: Tenure,
): boolean {
  const isLast = accepted.plan.instances[index]?.tenures.at(-1) === tenure
  const end = expectedEndSeconds(tenure)
  if (isLast && end >= accepted.plan.endSeconds - toleranceSeconds) return false
  return isDue(state, end)
}

/** A retraining tenure ends with its job; one that could not begin in time is dropped. */
function isRetrainingOver(
  state: ExecutorState,
  accepted: AcceptedPlan,
  index: number,
  tenure: Tenure,
): boolean {
  const jobId = accepted.jobs.get(tenure.tenant)
  const { job } = tenantOf(state, tenure.tenant)
  if (jobId !== undefined && job?.id !== jobId) return true
  if (tenure.until.kind === 'time') return isTimeOver(state, accepted, index, tenure)
  return job?.instanceId == null && isDue(state, tenure.until.latestSeconds)
}

/**
 * Whether an instance whose time is up goes on serving because what should have taken over by now
 * is late, and nobody needs its slices. Not in plans made blind to overhead: there everything is
 * late, and that is what they are made to show.
 */
function waitsForSuccessor(state: ExecutorState, index: number, tenure: Tenure): boolean {
  const accepted = must(state.accepted)
  if (accepted.plan.overhead === 'blind') return false
  const planned = must(accepted.plan.instances[index])
  const { instanceId, tenureIndex } = must(accepted.progress[index])
  const instance = instanceId === null ? undefined : findInstance(state, instanceId)
  const { worker } = instance ?? {}
  if (worker?.kind !== 'inference' || worker.tenant !== tenure.tenant) return false
  if (worker.phase !== 'serving') return false
  const following = planned.tenures[tenureIndex + 1]
  if (following !== undefined && isDue(state, following.initialiseFromSeconds)) return false
  if (dueCreates(state, planned.gpu).length > 0) return false
  return accepted.plan.instances.some((other, j) => {
    if (j === index || other === planned) return false
    const own = currentTenure(state, j)
    const isSuccessor = own?.role.kind === 'inference' && own.tenant === tenure.tenant
    return isSuccessor && isDue(state, own.serveFromSeconds) && !isServing(state, j)
  })
}

function isServing(state: ExecutorState, index: number): boolean {
  const id = state.accepted?.progress[index]?.instanceId ?? null
  const worker = id === null ? null : findInstance(state, id)?.worker
  return worker?.kind === 'inference' && worker.phase === 'serving'
}
