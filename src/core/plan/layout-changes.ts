import { must } from '../../base/assert.ts'
import { profileById } from '../mig/gpu-model.ts'
import { sliceMask } from '../mig/placement.ts'
import { type Plan, placeOfShare } from './plan.ts'
import type { InstancePlace } from './plan-from-blocks.ts'
import type { PlanningProblem, RunningInstance } from './problem.ts'
import { classIndexOf, type TenureSpan, tenureSpans } from './slots.ts'
import { inferenceServesFromSlot, slotsFor } from './warm-up.ts'

/** A tenant's hold on a place that ends inside the problem, or that is not taken over at all. */
export type GivenUp = {
  readonly place: InstancePlace
  readonly classIndex: number
  readonly tenantIndex: number
  readonly role: 'inference' | 'retraining'
  /** Of a retraining: it was done, or it is stopped. */
  readonly isFinished: boolean
  readonly configurationId: string | null
  readonly slot: number
  /** The first slot in which it could have served. */
  readonly readySlot: number
}

/** A tenant's hold that begins inside the problem; it truly serves or trains from `readySlot`. */
export type Begun = {
  readonly span: TenureSpan
  readonly place: InstancePlace
  readonly readySlot: number
}

/** Holds that end and holds that begin on their slices: one decision of the plan. */
export type HandOver = {
  readonly gpu: number
  readonly slot: number
  readonly givenUp: readonly GivenUp[]
  readonly begun: readonly Begun[]
}

/**
 * Every change of holders, by time. A hold that begins is joined with those that its slices were
 * taken from last, and through them with what else begins there. The first layout of a run is no
 * change, and neither is a retraining that gives its slices back when it is done.
 */
export function handOvers(problem: PlanningProblem, plan: Plan): readonly HandOver[] {
  const spans = tenureSpans(problem, plan)
  const givenUp = [
    ...notContinued(problem, spans),
    ...spans.flatMap((span) => ended(problem, span)),
  ]
  const begun = spans.filter((span) => isBegun(problem, span)).map((span) => begunOf(problem, span))
  const groups = joined(problem, givenUp, begun)
  return groups
    .filter((own) => own.begun.length > 0 || own.givenUp.some(({ role }) => role === 'inference'))
    .sort((a, b) => a.slot - b.slot || a.gpu - b.gpu)
}

/** What runs when the problem begins and is not held on by its worker from the first slot. */
function notContinued(problem: PlanningProblem, spans: readonly TenureSpan[]): readonly GivenUp[] {
  return problem.running.flatMap((running): GivenUp[] => {
    const { worker, gpu, profileId, start, id } = running
    const tenantIndex = problem.tenants.findIndex((tenant) => tenant.id === worker?.tenant)
    const goesOn = spans.some((span) => span.instance.existing === id && continues(span, running))
    if (worker === null || tenantIndex < 0 || goesOn) return []
    const classIndex = classIndexOf(problem, gpu, profileId)
    const readySlot = slotsFor(worker.readyInSeconds, problem.slotSeconds)
    const { underWay } = must(problem.tenants[tenantIndex])
    const isTraining = worker.role === 'retraining'
    return [
      {
        place: { gpu, profileId, start },
        classIndex,
        tenantIndex,
        role: worker.role,
        isFinished: false,
        configurationId: isTraining ? (underWay?.forecast.configurationId ?? null) : null,
        slot: 0,
        readySlot,
      },
    ]
  })
}

function continues({ fromSlot, tenure }: TenureSpan, { worker }: RunningInstance): boolean {
  return fromSlot === 0 && worker?.tenant === tenure.tenant && worker.role === tenure.role.kind
}

function ended(problem: PlanningProblem, span: TenureSpan): readonly GivenUp[] {
  const { untilSlot: slot, classIndex, tenantIndex } = span
  if (slot >= problem.slotCount) return []
  const { place, readySlot } = begunOf(problem, span)
  const { role } = span.tenure
  const isFinished = role.kind === 'retraining'
  const configurationId = role.kind === 'retraining' ? role.configurationId : null
  const kind = role.kind
  return [
    { place, classIndex, tenantIndex, role: kind, isFinished, configurationId, slot, readySlot },
  ]
}

function isBegun(problem: PlanningProblem, span: TenureSpan): boolean {
  if (span.fromSlot > 0) return true
  if (problem.isFirstLayoutFree) return span.tenure.role.kind === 'retraining'
  const running = problem.running.find(({ id }) => id === span.instance.existing)
  return running === undefined || !continues(span, running)
}

function begunOf(problem: PlanningProblem, span: TenureSpan): Begun {
  const { gpu, share, existing } = span.instance
  const place = { gpu, ...placeOfShare(share) }
  const running = problem.running.find(({ id }) => id === existing) ?? null
  const tenant = must(problem.tenants[span.tenantIndex])
  const ready =
    span.tenure.role.kind === 'inference'
      ? inferenceServesFromSlot(problem, tenant, span.fromSlot, running)
      : span.serveFromSlot
  return { span, place, readySlot: Math.max(ready, span.serveFromSlot) }
}

/** What is begun on the slices of one hold within this time is one decision. */
const togetherSeconds = 10

function joined(
  problem: PlanningProblem,
  givenUp: readonly GivenUp[],
  begun: readonly Begun[],
): HandOver[] {
  const groupOf = new Map<GivenUp | Begun, number>()
  for (const [index, own] of [...givenUp, ...begun].entries()) groupOf.set(own, index)
  const firstUse = new Map<GivenUp, number>()
  for (const own of [...begun].sort((a, b) => a.span.fromSlot - b.span.fromSlot)) {
    const at = own.span.fromSlot
    for (const from of takenFrom(problem, own, givenUp)) {
      const first = firstUse.get(from) ?? at
      firstUse.set(from, first)
      if ((at - first) * problem.slotSeconds > togetherSeconds) continue
      const [kept, gone] = [must(groupOf.get(from)), must(groupOf.get(own))]
      for (const [key, group] of groupOf) if (group === gone) groupOf.set(key, kept)
    }
  }
  const groups = [...new Set(groupOf.values())].sort((a, b) => a - b)
  return groups.map((group) =>
    handOverOf(
      givenUp.filter((own) => groupOf.get(own) === group),
      begun.filter((own) => groupOf.get(own) === group),
    ),
  )
}

function handOverOf(givenUp: readonly GivenUp[], begun: readonly Begun[]): HandOver {
  const slots = [...givenUp.map(({ slot }) => slot), ...begun.map(({ span }) => span.fromSlot)]
  const gpu = must(givenUp[0]?.place.gpu ?? begun[0]?.place.gpu)
  return { gpu, slot: Math.min(...slots), givenUp, begun }
}

/** For each of its slices the hold that was the last one there; of a takeover the one beside it. */
function takenFrom(
  problem: PlanningProblem,
  begun: Begun,
  givenUp: readonly GivenUp[],
): ReadonlySet<GivenUp> {
  const { place, span } = begun
  const before = givenUp.filter(
    (own) => own.place.gpu === place.gpu && (own.slot <= span.fromSlot || isTakenOver(own, begun)),
  )
  const mask = maskOf(problem, place)
  const last = new Set<GivenUp>()
  for (let slice = 0; 1 << slice <= mask; slice += 1) {
    if ((mask & (1 << slice)) === 0) continue
    const here = before.filter((own) => (maskOf(problem, own.place) & (1 << slice)) !== 0)
    if (here.length > 0) last.add(here.reduce((a, b) => (b.slot >= a.slot ? b : a)))
  }
  return last
}

/** Whether the hold ends on the same instance while the one that is begun gets ready beside it. */
function isTakenOver(own: GivenUp, { place, span, readySlot }: Begun): boolean {
  const { profileId, start } = own.place
  const isThere = profileId === place.profileId && start === place.start
  const isOther = own.tenantIndex !== span.tenantIndex || own.role !== span.tenure.role.kind
  return isThere && isOther && own.slot > span.fromSlot && own.slot <= readySlot
}

/** Memory slices of a place, as bits. */
function maskOf(problem: PlanningProblem, { gpu, profileId, start }: InstancePlace): number {
  return sliceMask(profileById(must(problem.gpus[gpu]).model, profileId), start)
}
