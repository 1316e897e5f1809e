import { must } from '../base/assert.ts'
import type { RetrainingForecast } from '../core/forecast.ts'
import type { PlanningProblem, PlanningTenant } from '../core/plan/problem.ts'
import {
  continuedRetrainingSpan,
  newRetrainingSpan,
  type RetrainingSpan,
  restartedRetrainingSpan,
} from '../core/plan/warm-up.ts'
import { type Place, placeOf } from './places.ts'

/** A version that a tenant may have by the problem's end beside the deployed one. */
export type Version = { readonly forecast: RetrainingForecast }

/** One way to retrain on one class of GPU instance; its start is left open unless it continues. */
export type TrainingOption = {
  readonly kind: 'new' | 'restart' | 'continue'
  /** Index into the tenant's versions. */
  readonly version: number
  readonly classIndex: number
  /** The only place where it may run (`continue`), null for any of its class. */
  readonly at: Place | null
  /** A place of its class where it may not run: that of the retraining it would restart. */
  readonly notAt: Place | null
  readonly span: RetrainingSpan
}

/** What may still become of the tenant's model: new retrainings, or only the one under way. */
export function versionsOf(tenant: PlanningTenant): readonly Version[] {
  const forecasts = tenant.underWay === null ? tenant.retraining : [tenant.underWay.forecast]
  return forecasts.map((forecast) => ({ forecast }))
}

/** Every way to retrain (design 001, 3 and 4), in the order of configurations, then classes. */
export function trainingOptions(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  places: readonly Place[],
): readonly TrainingOption[] {
  const classes = problem.classes.map((_, classIndex) => classIndex)
  const { underWay } = tenant
  if (underWay === null) {
    return tenant.retraining.flatMap((forecast, version) =>
      classes.flatMap((classIndex) =>
        option(
          'new',
          { version, classIndex },
          newRetrainingSpan(problem, tenant, forecast, classIndex),
        ),
      ),
    )
  }
  const running = problem.running.find(({ id }) => id === underWay.instanceId)
  const home = running === undefined ? null : placeOf(places, running)
  const restarts = classes.flatMap((classIndex) =>
    option(
      'restart',
      { version: 0, classIndex, notAt: home?.classIndex === classIndex ? home : null },
      restartedRetrainingSpan(problem, tenant, classIndex),
    ),
  )
  if (home === null) return restarts
  const { classIndex } = home
  const span = continuedRetrainingSpan(problem, tenant, classIndex)
  return [...option('continue', { version: 0, classIndex, at: home }, span), ...restarts]
}

type Where = Pick<TrainingOption, 'version' | 'classIndex'> &
  Partial<Pick<TrainingOption, 'at' | 'notAt'>>

function option(
  kind: TrainingOption['kind'],
  where: Where,
  span: RetrainingSpan | null,
): readonly TrainingOption[] {
  return span === null ? [] : [{ at: null, notAt: null, ...where, kind, span }]
}

/** Whether it may start in that slot of the problem: some work, past warm-up, must lie inside. */
export function mayStart(option: TrainingOption, slot: number, slotCount: number): boolean {
  if (option.kind === 'continue' && slot !== 0) return false
  return slot + option.span.warmUpSlots < slotCount
}

/** The share of its gain in accuracy that counts after the problem's end (design 001, 11). */
export function terminalShare(option: TrainingOption, slot: number, slotCount: number): number {
  const { slots, warmUpSlots } = option.span
  if (slot + slots <= slotCount) return 1
  return (slotCount - slot - warmUpSlots) / (slots - warmUpSlots)
}

/** Terminal value of a start in that slot over having none, in Goodput (design 001, 11). */
export function terminalGain(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  option: TrainingOption,
  slot: number,
): number {
  const { forecast } = must(versionsOf(tenant)[option.version])
  const gain = forecast.accuracyTerminal - tenant.accuracyTerminal
  return terminalWeight(problem, tenant) * gain * terminalShare(option, slot, problem.slotCount)
}

/** Goodput after the problem's end per unit of accuracy. */
export function terminalWeight(problem: PlanningProblem, tenant: PlanningTenant): number {
  const { meanRps } = tenant.arrivals
  const sum = meanRps.reduce((total, rate) => total + rate, 0)
  return (tenant.valuePerAnswer * problem.terminalSeconds * sum) / Math.max(1, meanRps.length)
}
