import { placeOfShare } from '../plan.ts'
import type { PlanningTenant } from '../problem.ts'
import {
  continuedRetrainingSpan,
  newRetrainingSpan,
  type RetrainingSpan,
  restartedRetrainingSpan,
} from '../warm-up.ts'
import { onTenure, type PlanRule, type PlanUnderCheck, type TenureUnderCheck } from './subject.ts'

/** Rules about retraining: lines 3 and 4 of designs/001. */

export const configurationsAreOffered: PlanRule = (subject) =>
  retrainings(subject).flatMap((own) => {
    const { tenant, configurationId, resumes } = own
    const offered = resumes
      ? [tenant.underWay?.forecast.configurationId]
      : tenant.retraining.map((forecast) => forecast.configurationId)
    if (resumes && tenant.underWay === null) return []
    return offered.includes(configurationId)
      ? []
      : [onTenure(own, `is by ${configurationId}, which is not among ${offered.join(', ')}`)]
  })

export const oneRetrainingATenant: PlanRule = (subject) => {
  const all = retrainings(subject)
  return all
    .filter((own, index) => all.findIndex(({ tenant }) => tenant === own.tenant) !== index)
    .map((own) => onTenure(own, 'is the second one of that tenant'))
}

/** Who has one under way starts no other; who has none resumes none. */
export const underWayExcludesNew: PlanRule = (subject) =>
  retrainings(subject).flatMap((own) => {
    const hasUnderWay = own.tenant.underWay !== null
    if (own.resumes === hasUnderWay) return []
    return [onTenure(own, hasUnderWay ? 'starts beside one under way' : 'resumes, but none runs')]
  })

/** What runs continues at once where it runs, or restarts on another placement. */
export const resumedWhereItCan: PlanRule = (subject) =>
  retrainings(subject).flatMap((own) => {
    const host = hostOf(subject, own.tenant)
    const { share, gpu } = own.of.instance
    if (!own.resumes || host === null) return []
    const { profileId, start } = placeOfShare(share)
    const isSamePlace = host.gpu === gpu && host.profileId === profileId && host.start === start
    if (!isSamePlace || isContinued(own)) return []
    return [onTenure(own, `restarts where it ran, on ${host.id}`)]
  })

export const retrainingTakesItsTime: PlanRule = (subject) =>
  retrainings(subject).flatMap((own) => {
    const span = spanOf(subject, own)
    const { until } = own.tenure
    if (span === null || until.kind !== 'retraining-done') return []
    const start = startOf(subject, own)
    const isOnTime =
      own.serveFrom === start + span.warmUpSlots &&
      own.until === start + span.slots &&
      until.latestSeconds >= until.expectedSeconds - 1e-6
    if (isOnTime) return []
    const planned = `${own.serveFrom - start} + ${own.until - own.serveFrom}`
    const right = `${span.warmUpSlots} + ${span.slots - span.warmUpSlots}`
    return [onTenure(own, `has ${planned} slots of warm-up and work, it takes ${right}`)]
  })

export const crossingHasBegun: PlanRule = (subject) =>
  retrainings(subject).flatMap((own) => {
    const span = spanOf(subject, own)
    if (span === null) return []
    const { slotCount } = subject.problem
    const start = startOf(subject, own)
    if (start + span.slots <= slotCount || start + span.warmUpSlots < slotCount) return []
    return [onTenure(own, 'crosses the end of the plan before its first step')]
  })

export const trainsOnlyWhereItCan: PlanRule = (subject) =>
  retrainings(subject).flatMap((own) => {
    const forecast = forecastOf(own)
    const { classIndex } = own.of
    if (forecast === null || classIndex < 0) return []
    const seconds = forecast.secondsByClass[classIndex] ?? null
    return seconds !== null ? [] : [onTenure(own, 'cannot run on instances of that class')]
  })

type RetrainingUnderCheck = TenureUnderCheck & {
  readonly tenant: PlanningTenant
  readonly configurationId: string
  readonly resumes: boolean
}

function retrainings({ tenures }: PlanUnderCheck): readonly RetrainingUnderCheck[] {
  return tenures.flatMap((own) => {
    const { role } = own.tenure
    if (own.tenant === null || role.kind !== 'retraining') return []
    const { configurationId, resumes } = role
    return [{ ...own, tenant: own.tenant, configurationId, resumes }]
  })
}

/** a: a plan that was made blind to overhead may hold the instance earlier, to initialise it. */
function startOf({ plan }: PlanUnderCheck, own: RetrainingUnderCheck): number {
  return plan.overhead === 'blind' ? own.serveFrom : own.from
}

function hostOf({ problem }: PlanUnderCheck, { underWay }: PlanningTenant) {
  return problem.running.find(({ id }) => id === underWay?.instanceId) ?? null
}

function isContinued({ of, tenant, from }: RetrainingUnderCheck): boolean {
  return from === 0 && of.running !== null && of.running.id === tenant.underWay?.instanceId
}

function forecastOf({ tenant, configurationId, resumes }: RetrainingUnderCheck) {
  if (resumes) return tenant.underWay?.forecast ?? null
  return tenant.retraining.find((own) => own.configurationId === configurationId) ?? null
}

function spanOf({ problem }: PlanUnderCheck, own: RetrainingUnderCheck): RetrainingSpan | null {
  const { tenant, of, resumes } = own
  const forecast = forecastOf(own)
  if (forecast === null || of.classIndex < 0) return null
  if (!resumes) return newRetrainingSpan(problem, tenant, forecast, of.classIndex)
  return isContinued(own)
    ? continuedRetrainingSpan(problem, tenant, of.classIndex)
    : restartedRetrainingSpan(problem, tenant, of.classIndex)
}
