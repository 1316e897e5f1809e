import { must } from '../../base/assert.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import { type RetrainingChoice, retrainingChoices, slotsToRetrain } from './retraining-choices.ts'
import { meanOf } from './size-figures.ts'

/** The tenant's choices that are expected to be better, over the problem, than what is deployed. */
export function gainingChoices(
  problem: PlanningProblem,
  tenant: number,
): readonly RetrainingChoice[] {
  const now = deployedAccuracy(problem, tenant)
  return retrainingChoices(problem, tenant).filter(({ forecast }) => {
    return meanOf(forecast.accuracyAfter) > now
  })
}

/** Tenants that gain by retraining, those first whose turn it is in this window. */
export function gainingTenants(problem: PlanningProblem): readonly number[] {
  const all = problem.tenants.flatMap((_, tenant) =>
    gainingChoices(problem, tenant).length > 0 ? [tenant] : [],
  )
  const turn = problem.windowIndex % Math.max(1, all.length)
  return [...all.slice(turn), ...all.slice(0, turn)]
}

/** What gains most accuracy over the slots left once it is done; the shortest if none are left. */
export function bestChoice(
  problem: PlanningProblem,
  tenant: number,
  classIndex: number,
): RetrainingChoice | null {
  const now = deployedAccuracy(problem, tenant)
  const timed = gainingChoices(problem, tenant).flatMap((choice) => {
    const slots = slotsToRetrain(problem, tenant, choice, classIndex)
    if (slots === null) return []
    const left = Math.max(0, problem.slotCount - slots)
    return [{ choice, slots, gain: left * (meanOf(choice.forecast.accuracyAfter) - now) }]
  })
  const sorted = timed.toSorted((a, b) => b.gain - a.gain || a.slots - b.slots)
  return sorted[0]?.choice ?? null
}

function deployedAccuracy(problem: PlanningProblem, tenant: number): number {
  return meanOf(must(problem.tenants[tenant]).accuracyDeployed)
}
