import { must } from '../../base/assert.ts'
import type { PlanningProblem, PlanningTenant } from './problem.ts'
import { slotStartSeconds } from './slots.ts'
import { answersPerSlot, type TenantUse } from './value.ts'

/** When requests are missed: the shortest time that holds most of them, in absolute seconds. */
export type MissedSpan = {
  readonly fromSeconds: number
  readonly untilSeconds: number
  /** Of the requests that are not answered in time. */
  readonly share: number
}

/** What counts as most. */
const shareMin = 0.8
/** A longer part of the problem is not worth naming. */
const spanShareMax = 0.6
/** Fewer, of those that arrive, are not worth a word. */
const missedShareMin = 0.005

/** Null where hardly any are missed, or where they are missed all along. */
export function missedSpan(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  use: TenantUse,
): MissedSpan | null {
  const answers = answersPerSlot(problem, tenant, use.counts)
  const { meanRps } = tenant.arrivals
  const missed = meanRps.map((rps, t) => Math.max(0, rps - must(answers[t])))
  const all = sumOf(missed)
  if (all <= missedShareMin * sumOf(meanRps)) return null
  const { from, until } = shortestWith(missed, shareMin * all)
  if (until - from > spanShareMax * problem.slotCount) return null
  return {
    fromSeconds: slotStartSeconds(problem, from),
    untilSeconds: slotStartSeconds(problem, until),
    share: sumOf(missed.slice(from, until)) / all,
  }
}

/** The shortest run of values that add up to at least `least`, the first of several. */
function shortestWith(values: readonly number[], least: number) {
  let best = { from: 0, until: values.length }
  let from = 0
  let sum = 0
  for (let until = 1; until <= values.length; until += 1) {
    sum += must(values[until - 1])
    while (sum - must(values[from]) >= least) {
      sum -= must(values[from])
      from += 1
    }
    if (sum >= least && until - from < best.until - best.from) best = { from, until }
  }
  return best
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
