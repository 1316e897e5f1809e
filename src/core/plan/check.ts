import type { Plan } from './plan.ts'
import type { PlanningProblem } from './problem.ts'
import * as naming from './rules/naming-rules.ts'
import * as retraining from './rules/retraining-rules.ts'
import * as service from './rules/service-rules.ts'
import * as space from './rules/space-rules.ts'
import { type Finding, type PlanRule, planUnderCheck } from './rules/subject.ts'
import * as time from './rules/time-rules.ts'

/** Rules for plans by either mechanism. */
const commonRules = {
  'wrong-state': naming.madeFromThisState,
  'wrong-span': naming.spansTheProblem,
  'duplicate-instance': naming.idsDiffer,
  'unknown-gpu': naming.gpusExist,
  'mixed-mechanism': naming.sharesAreOfTheMechanism,
  'wrong-existing': naming.existingInstancesExist,
  'unknown-tenant': naming.tenantsExist,
  'off-grid': time.timesAreOnTheGrid,
  'outside-plan': time.tenuresLieInThePlan,
  'tenures-cross': time.tenuresFollowEachOther,
  'wrong-end': time.endsFitTheRole,
  'unknown-configuration': retraining.configurationsAreOffered,
  'retraining-twice': retraining.oneRetrainingATenant,
  'retraining-under-way': retraining.underWayExcludesNew,
} as const satisfies Record<string, PlanRule>

const placedRules = {
  'impossible-start': space.startsArePossible,
  'blocked-slices': space.blockedSlicesAreLeftAlone,
  overlap: space.slicesHaveOneHolder,
  'instance-count': space.instanceCountsAreKept,
  'media-engines': space.allMediaEnginesExclude,
  'warm-up': time.nobodyServesBeforeItsWarmUp,
  residence: time.servingLastsItsResidence,
  'cannot-serve': service.servesOnlyWhereItCan,
  'cannot-train': retraining.trainsOnlyWhereItCan,
  'resumed-in-place': retraining.resumedWhereItCan,
  'retraining-length': retraining.retrainingTakesItsTime,
  'retraining-too-late': retraining.crossingHasBegun,
  'below-floor': service.floorsAreKept,
} as const satisfies Record<string, PlanRule>

const migRules = {
  'unknown-profile': space.profilesAreAllowed,
  'compute-slices': space.computeSlicesSuffice,
} as const satisfies Record<string, PlanRule>

const mpsRules = {
  'impossible-percent': space.percentagesArePossible,
  'too-many-percent': space.percentagesAddUp,
} as const satisfies Record<string, PlanRule>

/** Every rule by the code of its breach. */
export const planRules = { ...commonRules, ...placedRules, ...migRules, ...mpsRules }

export type BreachCode = keyof typeof planRules

/** One rule that a plan breaks: which, a sentence, and what it is about. */
export type Breach = Finding & { readonly code: BreachCode }

export type PlanCheck =
  | { readonly kind: 'legal' }
  | { readonly kind: 'illegal'; readonly breaches: readonly Breach[] }

/**
 * Whether a plan may be carried out in the state of its problem: lines 1 to 7 of
 * docs/designs/001-planning-problem.md, whoever made it. In a plan by MPS, shares of a GPU stand
 * for its instances, and per cent for compute slices.
 */
export function checkPlan(problem: PlanningProblem, plan: Plan): PlanCheck {
  const subject = planUnderCheck(problem, plan)
  const own: Readonly<Record<string, PlanRule>> = plan.mechanism === 'mig' ? migRules : mpsRules
  const rules: Readonly<Record<string, PlanRule>> = { ...commonRules, ...placedRules, ...own }
  const breaches = Object.entries(rules).flatMap(([code, rule]) =>
    rule(subject).map((finding) => ({ ...finding, code: code as BreachCode })),
  )
  return breaches.length === 0 ? { kind: 'legal' } : { kind: 'illegal', breaches }
}
