import { must } from '../base/assert.ts'
import { checkPlan } from '../core/plan/check.ts'
import {
  expectedEndSeconds,
  type Plan,
  type PlannedInstance,
  placeOfShare,
  type Tenure,
} from '../core/plan/plan.ts'
import { retrainingSpanOf } from '../core/plan/plan-from-blocks.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { classIndexOf, slotAt, slotStartSeconds } from '../core/plan/slots.ts'
import { fitsBeside, occupantOf } from '../core/plan/takeover.ts'
import { inferenceWarmUpSlots } from '../core/plan/warm-up.ts'

/**
 * An overhead-blind plan whose instances are built ahead where that costs nothing (design 001,
 * "Modes"): each tenure is held up to its true warm-up earlier, as far as all its slices are idle,
 * or held by one worker that it fits beside.
 */
export function preInitialise(problem: PlanningProblem, plan: Plan): Plan {
  let ahead = plan
  for (const [i, instance] of plan.instances.entries()) {
    for (const j of instance.tenures.keys()) ahead = withTenureAhead(problem, ahead, { i, j })
  }
  return checkPlan(problem, ahead).kind === 'legal' ? ahead : plan
}

type Which = { readonly i: number; readonly j: number }

function withTenureAhead(problem: PlanningProblem, plan: Plan, { i, j }: Which): Plan {
  const instance = must(plan.instances[i])
  const tenure = must(instance.tenures[j])
  const from = slotAt(problem, tenure.initialiseFromSeconds)
  const earliest = Math.max(0, from - warmUpSlots(problem, instance, tenure))
  const idleFrom = besideSince(problem, plan, { i, j }) ?? idleSince(problem, plan, { i, j })
  const slot = Math.min(from, Math.max(earliest, idleFrom))
  const moved = { ...tenure, initialiseFromSeconds: slotStartSeconds(problem, slot) }
  const tenures = instance.tenures.map((other, k) => (k === j ? moved : other))
  const instances = plan.instances.map((other, k) => (k === i ? { ...instance, tenures } : other))
  return { ...plan, instances }
}

/** What its start takes in truth. */
function warmUpSlots(
  problem: PlanningProblem,
  { gpu, share }: PlannedInstance,
  { tenant, role, initialiseFromSeconds }: Tenure,
): number {
  const tenantIndex = problem.tenants.findIndex(({ id }) => id === tenant)
  if (role.kind === 'inference')
    return inferenceWarmUpSlots(problem, must(problem.tenants[tenantIndex]))
  if (share.kind !== 'mig') return 0
  const place = { gpu, profileId: share.profileId, start: share.start }
  const fromSlot = slotAt(problem, initialiseFromSeconds)
  return retrainingSpanOf(problem, { place, tenantIndex, fromSlot, role })?.warmUpSlots ?? 0
}

/**
 * The slot from which on nobody holds its slices but the tenure before it on its instance, beside
 * which it fits (design 001, line 2a); null where it does not.
 */
function besideSince(problem: PlanningProblem, plan: Plan, { i, j }: Which): number | null {
  const instance = must(plan.instances[i])
  const before = instance.tenures[j - 1]
  if (before === undefined) return null
  const { profileId } = placeOfShare(instance.share)
  const classIndex = classIndexOf(problem, instance.gpu, profileId)
  const [first, second] = [before, must(instance.tenures[j])].map((own) => occupantOf(problem, own))
  if (!fitsBeside(problem, classIndex, must(first ?? null), must(second ?? null))) return null
  const since = slotAt(problem, before.initialiseFromSeconds)
  return Math.max(since, idleSince(problem, plan, { i, j }, before))
}

/** The slot from which on nobody else holds its slices before it does, `lender` left out. */
function idleSince(
  problem: PlanningProblem,
  plan: Plan,
  { i, j }: Which,
  lender: Tenure | null = null,
): number {
  const instance = must(plan.instances[i])
  const from = must(instance.tenures[j]).initialiseFromSeconds
  const mask = sliceMaskAt(problem, instance)
  const ends = plan.instances.flatMap((other, k) =>
    other.gpu === instance.gpu && (sliceMaskAt(problem, other) & mask) !== 0
      ? other.tenures
          .filter((tenure, l) => !(k === i && l === j) && tenure.initialiseFromSeconds <= from)
          .filter((tenure) => tenure !== lender)
          .map((tenure) => slotAt(problem, expectedEndSeconds(tenure)))
      : [],
  )
  return Math.max(0, ...ends)
}

function sliceMaskAt(problem: PlanningProblem, { gpu, share }: PlannedInstance): number {
  if (share.kind !== 'mig') return 0
  const { model } = must(problem.gpus[gpu])
  const { size } = must(model.profiles.find(({ profileId }) => profileId === share.profileId))
  return ((1 << size) - 1) << share.start
}
