import { must } from '../base/assert.ts'
import type { PlanningProblem, PlanningTenant } from '../core/plan/problem.ts'
import { inTimeRps } from '../core/workload/service-table.ts'
import type { BegunRetraining, Situation } from './exhaustive-situations.ts'

/** (9) What tenant `w` answers in time in slot t, per second, by what serves it in a situation. */
export type InTime = (situation: Situation, w: number, t: number) => number

/** Remembers what it was asked: few sets of instances recur in very many situations. */
export function rememberedInTime(problem: PlanningProblem): InTime {
  const known = new Map<string, number>()
  return (situation, w, t) => {
    const counts = problem.classes.map(() => 0)
    for (const holder of situation.holders) {
      if (holder?.kind !== 'inference' || holder.tenant !== w || holder.serveFromSlot > t) continue
      counts[holder.classIndex] = must(counts[holder.classIndex]) + 1
    }
    const key = `${w} ${t} ${counts.join()}`
    const before = known.get(key)
    if (before !== undefined) return before
    const { service, arrivals } = must(problem.tenants[w])
    const rps = inTimeRps(service, counts, must(arrivals.meanRps[t]), arrivals.dispersion)
    known.set(key, rps)
    return rps
  }
}

/** (8, 10) What slot t adds to the objective. */
export function slotValue(
  problem: PlanningProblem,
  inTime: InTime,
  situation: Situation,
  t: number,
): number {
  return problem.tenants.reduce((sum, own, w) => {
    const begun = situation.retrainings[w] ?? null
    const isDone = begun !== null && begun.doneSlot <= t
    const accuracy = isDone ? begun.forecast.accuracyAfter[t] : own.accuracyDeployed[t]
    const answers = problem.slotSeconds * inTime(situation, w, t)
    return sum + own.valuePerAnswer * must(accuracy) * answers
  }, 0)
}

/** (11) */
export function terminalValue(problem: PlanningProblem, situation: Situation): number {
  return problem.tenants.reduce((sum, own, tenant) => {
    const rates = own.arrivals.meanRps
    const meanRps = rates.reduce((total, rps) => total + rps, 0) / rates.length
    const accuracy = accuracyAtEnd(problem, own, situation.retrainings[tenant] ?? null)
    return sum + own.valuePerAnswer * problem.terminalSeconds * meanRps * accuracy
  }, 0)
}

function accuracyAtEnd(
  { slotCount }: PlanningProblem,
  own: PlanningTenant,
  begun: BegunRetraining | null,
): number {
  if (begun === null) return own.accuracyTerminal
  const { forecast, workFromSlot, doneSlot } = begun
  if (doneSlot <= slotCount) return forecast.accuracyTerminal
  const share = (slotCount - workFromSlot) / (doneSlot - workFromSlot)
  return (1 - share) * own.accuracyTerminal + share * forecast.accuracyTerminal
}
