import { assert, must } from '../base/assert.ts'
import { type PlannedInstance, placeOfShare } from '../core/plan/plan.ts'
import { absorb } from './absorb.ts'
import { bindInstances } from './bindings.ts'
import type { Effect } from './effects.ts'
import type { ExecutorEvent } from './events.ts'
import { type AcceptedPlan, type ExecutorState, withGpu, withInstance } from './executor-state.ts'
import { reportOverrun } from './jobs.ts'
import { nextClearingSeconds, nextOperation } from './operations.ts'
import { type Step, step } from './step.ts'
import { leaveInstance, shareInstance } from './takeovers.ts'
import { passTenures } from './tenure-ends.ts'
import { nextDueSeconds } from './tenures.ts'
import {
  measureCandidate,
  routeWorker,
  startWorker,
  switchVersion,
  windDownWorker,
} from './workers.ts'

/**
 * Carries plans out: facts in, wishes out. Level-triggered: after every fact the rules below
 * compare what is with what the plan wants by now and take one step each until none applies. So a
 * re-plan, a late instance or a failure needs no case of its own.
 *
 * What holds whatever happens is `control/safety.ts`.
 */
export function advance(state: ExecutorState, event: ExecutorEvent): Step {
  assert(
    event.atSeconds >= state.nowSeconds,
    `Time runs backwards: ${event.kind} at ${event.atSeconds}, now ${state.nowSeconds}`,
  )
  const absorbed = absorb({ ...state, nowSeconds: event.atSeconds }, event)
  const effects = [...absorbed.effects]
  let current = absorbed.state
  for (let steps = 0; ; steps += 1) {
    assert(steps < stepsMax, `${event.kind} sets off more than ${stepsMax} steps`)
    const next = firstStep(current)
    if (next === null) return { state: current, effects }
    effects.push(...next.effects)
    current = next.state
  }
}

const stepsMax = 10_000

/** In this order: what is over, what is claimed, workers, operations, and when to look again. */
const rules: readonly ((state: ExecutorState) => Step | null)[] = [
  (state) => quietly(passTenures(state)),
  (state) => quietly(bindInstances(state)),
  leaveInstance,
  shareInstance,
  measureCandidate,
  windDownWorker,
  startWorker,
  routeWorker,
  switchVersion,
  operate,
  reportOverrun,
  setTimer,
]

function firstStep(state: ExecutorState): Step | null {
  for (const rule of rules) {
    const taken = rule(state)
    if (taken !== null) return taken
  }
  return null
}

function quietly(state: ExecutorState | null): Step | null {
  return state === null ? null : step(state)
}

function operate(state: ExecutorState): Step | null {
  for (const [index, gpu] of state.gpus.entries()) {
    const next = nextOperation(state, index)
    if (next === null) continue
    if (next.kind === 'destroy') {
      const { instance } = next
      const operation = { kind: 'destroy', instanceId: instance.id } as const
      const going = { ...instance, phase: 'destroying', sinceSeconds: state.nowSeconds } as const
      const effect: Effect = { kind: 'destroy-instance', gpu: index, instanceId: instance.id }
      return step(withInstance(withGpu(state, index, { ...gpu, operation }), going), effect)
    }
    const { profileId } = placeOfShare(next.planned.share)
    const { start } = next
    const id = `gpu${index}/${profileId}@${start}#${state.instancesMade + 1}`
    const operation = { kind: 'create', instanceId: id } as const
    const born = { id, gpu: index, profileId, start, worker: null, phase: 'creating' } as const
    const begun: ExecutorState = {
      ...withGpu(state, index, { ...gpu, operation }),
      instances: [
        ...state.instances,
        { ...born, sinceSeconds: state.nowSeconds, idleSinceSeconds: null },
      ],
      instancesMade: state.instancesMade + 1,
      accepted: withInstanceFor(must(state.accepted), next.planned, id),
    }
    const effect: Effect = {
      kind: 'create-instance',
      gpu: index,
      instanceId: id,
      profileId,
      start,
    }
    return step(begun, effect)
  }
  return null
}

function withInstanceFor(
  accepted: AcceptedPlan,
  planned: PlannedInstance,
  instanceId: string,
): AcceptedPlan {
  const index = accepted.plan.instances.indexOf(planned)
  const progress = accepted.progress.map((own, i) => (i === index ? { ...own, instanceId } : own))
  return { ...accepted, progress }
}

function setTimer(state: ExecutorState): Step | null {
  const times = [nextDueSeconds(state), nextClearingSeconds(state)].filter((at) => at !== null)
  const atSeconds = times.length === 0 ? null : Math.min(...times)
  if (atSeconds === null || state.timerSeconds === atSeconds) return null
  return step({ ...state, timerSeconds: atSeconds }, { kind: 'set-timer', atSeconds })
}
