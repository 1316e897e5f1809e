import { must } from '../../base/assert.ts'
import type { Plan, PlannedInstance, Tenure } from './plan.ts'
import { expectedEndSeconds, placeOfShare } from './plan.ts'
import type { PlanningProblem } from './problem.ts'
import { classIndexOf, slotAt, slotStartSeconds } from './slots.ts'
import { inferenceServesFromSlot } from './warm-up.ts'

/** A worker on a GPU instance, as far as its memory matters. */
export type Occupant = {
  readonly tenantIndex: number
  readonly kind: 'inference' | 'retraining'
}

/**
 * Whether two workers fit the memory of an instance of that class together, so that the second may
 * start while the first still works (design 001, line 2a). What nothing is known of does not.
 */
export function fitsBeside(
  { takeovers }: PlanningProblem,
  classIndex: number,
  before: Occupant,
  after: Occupant,
): boolean {
  if (takeovers === undefined) return false
  const memoryMiB = takeovers.memoryMiB[classIndex] ?? null
  const needs = [before, after].map(({ tenantIndex, kind }) => {
    const byClass = kind === 'inference' ? takeovers.inferenceMiB : takeovers.retrainingMiB
    return byClass[tenantIndex]?.[classIndex] ?? null
  })
  if (memoryMiB === null) return false
  return (
    needs.reduce((sum: number, need) => sum + (need ?? Number.POSITIVE_INFINITY), 0) <= memoryMiB
  )
}

/** The worker that a tenure stands for; null for a tenant that the problem does not know. */
export function occupantOf(
  { tenants }: PlanningProblem,
  { tenant, role }: Tenure,
): Occupant | null {
  const tenantIndex = tenants.findIndex(({ id }) => id === tenant)
  return tenantIndex < 0 ? null : { tenantIndex, kind: role.kind }
}

/**
 * A plan that makes first what it broke first, wherever two workers fit one instance: who holds it
 * before, or serves on it as the plan begins, goes on until who comes after is ready, and inference
 * that follows a retraining is started beside it, to serve when it is expected to be done. The plan
 * must be legal; what comes out is legal and worth no less.
 */
export function lendWhereItFits(problem: PlanningProblem, plan: Plan): Plan {
  if (problem.takeovers === undefined || plan.overhead === 'blind') return plan
  return { ...plan, instances: plan.instances.map((own) => lentInstance(problem, own)) }
}

function lentInstance(problem: PlanningProblem, instance: PlannedInstance): PlannedInstance {
  const { gpu, share } = instance
  const classIndex = classIndexOf(problem, gpu, placeOfShare(share).profileId)
  const serving = servedBefore(problem, instance)
  const tenures = [...serving, ...instance.tenures]
  for (let i = 0; i + 1 < tenures.length; i += 1) {
    const before = must(tenures[i])
    const after = must(tenures[i + 1])
    if (!mayLend(problem, classIndex, before, after)) continue
    const freeFromSeconds =
      i === 0 ? problem.startSeconds : expectedEndSeconds(must(tenures[i - 1]))
    if (before.until.kind === 'time') {
      const since = Math.max(freeFromSeconds, before.serveFromSeconds)
      if (since > after.initialiseFromSeconds) continue
      const atSeconds = lentUntil(problem, after, tenures[i + 2])
      // Who has not come to serve so far would begin to.
      const hasServed = before === serving[0] || before.serveFromSeconds < before.until.atSeconds
      if (!hasServed && atSeconds < since + problem.residenceSecondsMin) continue
      tenures[i] = { ...before, until: { kind: 'time', atSeconds } }
    } else if (after.role.kind === 'inference') {
      const leastSeconds = Math.max(before.initialiseFromSeconds, freeFromSeconds)
      tenures[i + 1] = startedAhead(problem, instance, after, leastSeconds)
    }
  }
  const isHeld = (own: Tenure) => expectedEndSeconds(own) > own.initialiseFromSeconds
  return { ...instance, tenures: tenures.filter(isHeld) }
}

/** Who serves on a running instance as the plan begins and would have to go at once. */
function servedBefore(
  { running, startSeconds }: PlanningProblem,
  { existing, tenures }: PlannedInstance,
): readonly Tenure[] {
  const worker = running.find(({ id }) => id === existing)?.worker ?? null
  const isServing = worker?.role === 'inference' && worker.readyInSeconds === 0
  if (!isServing || tenures[0]?.initialiseFromSeconds !== startSeconds) return []
  const from = { initialiseFromSeconds: startSeconds, serveFromSeconds: startSeconds }
  const until = { kind: 'time', atSeconds: startSeconds } as const
  return [{ tenant: worker.tenant, role: { kind: 'inference' }, ...from, until }]
}

function mayLend(
  problem: PlanningProblem,
  classIndex: number,
  before: Tenure,
  after: Tenure,
): boolean {
  if (expectedEndSeconds(before) !== after.initialiseFromSeconds) return false
  if (before.tenant === after.tenant && before.role.kind === after.role.kind) return false
  const first = occupantOf(problem, before)
  const second = occupantOf(problem, after)
  return first !== null && second !== null && fitsBeside(problem, classIndex, first, second)
}

/** No later than the plan's end, nor than a third one starts. */
function lentUntil(
  { startSeconds, slotSeconds, slotCount }: PlanningProblem,
  after: Tenure,
  third: Tenure | undefined,
): number {
  const endSeconds = startSeconds + slotSeconds * slotCount
  const afterSeconds = Math.min(after.serveFromSeconds, expectedEndSeconds(after))
  return Math.min(afterSeconds, endSeconds, third?.initialiseFromSeconds ?? endSeconds)
}

/** Inference started as early as makes it serve when the worker before it is done. */
function startedAhead(
  problem: PlanningProblem,
  { existing }: PlannedInstance,
  tenure: Tenure,
  leastSeconds: number,
): Tenure {
  const tenant = must(problem.tenants.find(({ id }) => id === tenure.tenant))
  const running = problem.running.find(({ id }) => id === existing) ?? null
  const due = slotAt(problem, tenure.initialiseFromSeconds)
  const warmUp = slotAt(problem, tenure.serveFromSeconds) - due
  const from = Math.max(slotAt(problem, leastSeconds), due - warmUp)
  if (from >= due) return tenure
  const ready = inferenceServesFromSlot(problem, tenant, from, running)
  return {
    ...tenure,
    initialiseFromSeconds: slotStartSeconds(problem, from),
    serveFromSeconds: slotStartSeconds(problem, Math.max(due, ready)),
  }
}
