import { must } from '../base/assert.ts'
import { expectedEndSeconds, type Tenure } from '../core/plan/plan.ts'
import {
  type AcceptedPlan,
  type ExecutorState,
  findInstance,
  type InstanceProgress,
  tenantOf,
  type WorkerState,
} from './executor-state.ts'
import { holds, isAtWork } from './pairs.ts'
import {
  currentTenure,
  dueCreates,
  isDue,
  isTakeover,
  nextTenure,
  tenureAfter,
  toleranceSeconds,
} from './tenures.ts'

/** Moves every planned instance past the tenures that are over; null when none is. */
export function passTenures(state: ExecutorState): ExecutorState | null {
  const { accepted } = state
  if (accepted === null) return null
  const progress = accepted.progress.map((own, index) => {
    if (isOver(state, accepted, index)) return passed(own)
    const after = own.nextInstanceId == null ? null : tenureAfter(accepted, index)
    const isVain = after !== null && isSpent(state, accepted, { index, tenure: after })
    return isVain ? { instanceId: own.instanceId, tenureIndex: own.tenureIndex } : own
  })
  if (progress.every((own, index) => own === accepted.progress[index])) return null
  return { ...state, accepted: { ...accepted, progress } }
}

/**
 * The tenure that is to take over from the one that its instance is in: it has begun by the plan,
 * or its worker is there already.
 */
export function takerOf(state: ExecutorState, index: number): Tenure | null {
  const accepted = must(state.accepted)
  const before = nextTenure(accepted, index)
  const after = tenureAfter(accepted, index)
  if (before === null || after === null) return null
  const isThere = must(accepted.progress[index]).nextInstanceId != null
  const isToCome = isTakeover(before, after) && isDue(state, after.initialiseFromSeconds)
  if (!isThere && !isToCome) return null
  return isSpent(state, accepted, { index, tenure: after }) ? null : after
}

/** Whoever is beside it has its GPU instance from now on. */
function passed({ instanceId, nextInstanceId, tenureIndex }: InstanceProgress): InstanceProgress {
  return { instanceId: nextInstanceId ?? instanceId, tenureIndex: tenureIndex + 1 }
}

function isOver(state: ExecutorState, accepted: AcceptedPlan, index: number): boolean {
  const tenure = nextTenure(accepted, index)
  if (tenure === null) return false
  const own = { index, tenure }
  const taker = takerOf(state, index)
  if (taker !== null) return isTaken(state, accepted, { ...own, taker })
  return isSpent(state, accepted, own) && !waitsForSuccessor(state, own)
}

type Own = { readonly index: number; readonly tenure: Tenure }

/** Whether its time is up, whatever comes after it. */
function isSpent(state: ExecutorState, accepted: AcceptedPlan, own: Own): boolean {
  return own.tenure.role.kind === 'retraining'
    ? isRetrainingOver(state, accepted, own)
    : isTimeOver(state, accepted, own)
}

/**
 * Whether a tenure is over that another takes over from. A retraining goes on until it is done;
 * inference until the other one is at work, and for a retraining for all of its own time. Plans
 * made blind to overhead wait for nobody. Without a worker there is nothing to take over from.
 */
function isTaken(
  state: ExecutorState,
  accepted: AcceptedPlan,
  own: Own & { readonly taker: Tenure },
): boolean {
  const { tenure, taker } = own
  const { instanceId, nextInstanceId } = must(accepted.progress[own.index])
  const isThere = nextInstanceId != null
  const goesOn = holds(workerOn(state, instanceId), tenure)
  if (!goesOn && (isThere || tenure.role.kind === 'inference')) return true
  if (tenure.role.kind === 'retraining') return isRetrainingOver(state, accepted, own)
  const isUp = isTimeOver(state, accepted, own)
  if (isUp && accepted.plan.overhead === 'blind') return true
  const isTakenOver = isAtWork(workerOn(state, nextInstanceId ?? null))
  return isTakenOver && (isUp || taker.role.kind === 'inference')
}

/** A last tenure that reaches the plan's end is held over until the next plan. */
function isTimeOver(state: ExecutorState, { plan }: AcceptedPlan, { index, tenure }: Own): boolean {
  const isLast = plan.instances[index]?.tenures.at(-1) === tenure
  const end = expectedEndSeconds(tenure)
  if (isLast && end >= plan.endSeconds - toleranceSeconds) return false
  return isDue(state, end)
}

/** A retraining tenure ends with its job; one that could not begin in time is dropped. */
function isRetrainingOver(state: ExecutorState, accepted: AcceptedPlan, own: Own): boolean {
  const { tenure } = own
  const jobId = accepted.jobs.get(tenure.tenant)
  const { job } = tenantOf(state, tenure.tenant)
  if (jobId !== undefined && job?.id !== jobId) return true
  if (tenure.until.kind === 'time') return isTimeOver(state, accepted, own)
  return job?.instanceId == null && isDue(state, tenure.until.latestSeconds)
}

/**
 * Whether an instance whose time is up goes on serving because what should have taken over by now
 * is late, and nobody needs its slices. Not in plans made blind to overhead: there everything is
 * late, and that is what they are made to show.
 */
function waitsForSuccessor(state: ExecutorState, { index, tenure }: Own): boolean {
  const accepted = must(state.accepted)
  if (tenure.role.kind === 'retraining' || accepted.plan.overhead === 'blind') return false
  const planned = must(accepted.plan.instances[index])
  const worker = workerOn(state, must(accepted.progress[index]).instanceId)
  if (worker?.kind !== 'inference' || worker.tenant !== tenure.tenant) return false
  if (worker.phase !== 'serving' && worker.phase !== 'switching') return false
  const following = tenureAfter(accepted, index)
  if (following !== null && isDue(state, following.initialiseFromSeconds)) return false
  if (dueCreates(state, planned.gpu).length > 0) return false
  return accepted.plan.instances.some((other, j) => {
    if (j === index || other === planned) return false
    const own = currentTenure(state, j)
    const isSuccessor = own?.role.kind === 'inference' && own.tenant === tenure.tenant
    return isSuccessor && isDue(state, own.serveFromSeconds) && !isServing(state, j)
  })
}

function isServing(state: ExecutorState, index: number): boolean {
  const worker = workerOn(state, state.accepted?.progress[index]?.instanceId ?? null)
  return worker?.kind === 'inference' && worker.phase === 'serving'
}

function workerOn(state: ExecutorState, id: string | null): WorkerState | null {
  return (id === null ? undefined : findInstance(state, id))?.worker ?? null
}
