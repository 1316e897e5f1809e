import type { RetrainingForecast } from '../../core/forecast.ts'
import type { PlanningProblem, PlanningTenant } from '../../core/plan/problem.ts'
import { classIndexOf } from '../../core/plan/slots.ts'
import {
  continuedRetrainingSpan,
  newRetrainingSpan,
  type RetrainingSpan,
  restartedRetrainingSpan,
} from '../../core/plan/warm-up.ts'

/**
 * One way for a tenant to retrain: a configuration on a class of GPU instance. It may start in
 * slots `0 .. lastStart` (a retraining that continues: in slot 0 only, where it runs).
 */
export type RetrainingOption = {
  readonly kind: 'start' | 'continue' | 'restart'
  readonly configurationId: string
  readonly classIndex: number
  /** V and L of design 001. */
  readonly warmUpSlots: number
  readonly slots: number
  readonly lastStart: number
  readonly accuracyAfter: readonly number[]
  readonly accuracyTerminal: number
}

/** A retraining that was chosen: an option of the tenant, its first slot and its GPU. */
export type RetrainingChoice = {
  readonly option: RetrainingOption
  readonly start: number
  readonly gpu: number
}

/** The slot in which the new version answers first (e of design 001, line 3). */
export function doneSlot({ option, start }: RetrainingChoice): number {
  return start + option.slots
}

/** Design 001, lines 3, 4 and 6: everything but "none" that the tenant may do. */
export function retrainingOptionsOf(
  problem: PlanningProblem,
  tenant: PlanningTenant,
): readonly RetrainingOption[] {
  const classIndices = [...problem.classes.keys()]
  const option = (
    kind: RetrainingOption['kind'],
    forecast: RetrainingForecast,
    classIndex: number,
    span: RetrainingSpan | null,
  ): RetrainingOption[] => {
    const lastStart = kind === 'continue' ? 0 : problem.slotCount - 1 - (span?.warmUpSlots ?? 0)
    if (span === null || lastStart < 0 || span.warmUpSlots >= problem.slotCount) return []
    const { configurationId, accuracyAfter, accuracyTerminal } = forecast
    return [
      { kind, configurationId, classIndex, ...span, lastStart, accuracyAfter, accuracyTerminal },
    ]
  }
  const { underWay } = tenant
  if (underWay === null) {
    return tenant.retraining.flatMap((forecast) =>
      classIndices.flatMap((k) =>
        option('start', forecast, k, newRetrainingSpan(problem, tenant, forecast, k)),
      ),
    )
  }
  const running = problem.running.find(({ id }) => id === underWay.instanceId)
  const continued =
    running === undefined ? -1 : classIndexOf(problem, running.gpu, running.profileId)
  return classIndices.flatMap((k) => [
    ...(k === continued
      ? option('continue', underWay.forecast, k, continuedRetrainingSpan(problem, tenant, k))
      : []),
    ...option('restart', underWay.forecast, k, restartedRetrainingSpan(problem, tenant, k)),
  ])
}

/** Share of the new accuracy that the terminal value counts (design 001, line 11). */
export function terminalShare({ option, start }: RetrainingChoice, slotCount: number): number {
  if (start + option.slots <= slotCount) return 1
  return (slotCount - start - option.warmUpSlots) / (option.slots - option.warmUpSlots)
}
