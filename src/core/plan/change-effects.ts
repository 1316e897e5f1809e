import { must } from '../../base/assert.ts'
import type { Begun, GivenUp, HandOver } from './layout-changes.ts'
import type { PlanningProblem } from './problem.ts'
import { type RetrainingInPlan, type TenantUse, tenantValue } from './value.ts'
import { continuedRetrainingSpan } from './warm-up.ts'

/** What one tenant gains (or, below zero, loses) by a change. */
export type TenantEffect = {
  readonly tenant: string
  /** Goodput in the problem, and terminal value, as in `PlanValue`. */
  readonly objective: number
  readonly terminal: number
  /** Requests answered in time. */
  readonly inTime: number
}

/**
 * What a change brings beside not making it, everything else as planned: what was given up stays
 * until what was begun ends, and what was begun does not happen until then. A retraining that was
 * begun does not happen at all; one that was given up goes on.
 */
export function effectsOf(
  problem: PlanningProblem,
  uses: readonly TenantUse[],
  change: HandOver,
): readonly TenantEffect[] {
  const untilSlot = comparedUntil(problem, change)
  const touched = new Set([
    ...change.givenUp.map(({ tenantIndex }) => tenantIndex),
    ...change.begun.map(({ span }) => span.tenantIndex),
  ])
  return [...touched]
    .sort((a, b) => a - b)
    .map((index): TenantEffect => {
      const tenant = must(problem.tenants[index])
      const use = must(uses[index])
      const own = {
        givenUp: change.givenUp.filter(({ tenantIndex }) => tenantIndex === index),
        begun: change.begun.filter(({ span }) => span.tenantIndex === index),
      }
      const made = tenantValue(problem, tenant, use)
      const not = tenantValue(problem, tenant, useWithout(problem, use, { ...own, untilSlot }))
      return {
        tenant: tenant.id,
        objective: made.objective - not.objective,
        terminal: made.terminal - not.terminal,
        inTime: made.value.inTime - not.value.inTime,
      }
    })
}

/** The first slot that both worlds share again. */
export function comparedUntil({ slotCount }: PlanningProblem, { begun }: HandOver): number {
  return Math.min(slotCount, ...begun.map(({ span }) => span.untilSlot))
}

type Undone = {
  readonly givenUp: readonly GivenUp[]
  readonly begun: readonly Begun[]
  readonly untilSlot: number
}

function useWithout(problem: PlanningProblem, use: TenantUse, undone: Undone): TenantUse {
  const counts = use.counts.map((own) => [...own])
  const add = (classIndex: number, by: number, [from, until]: readonly [number, number]) => {
    for (let t = Math.max(0, from); t < Math.min(until, undone.untilSlot); t += 1) {
      const slot = must(counts[t])
      slot[classIndex] = must(slot[classIndex]) + by
    }
  }
  for (const { span, readySlot } of undone.begun) {
    if (span.tenure.role.kind === 'retraining') continue
    add(span.classIndex, -1, [readySlot, span.untilSlot])
  }
  for (const own of undone.givenUp) {
    if (own.role === 'retraining') continue
    add(own.classIndex, 1, [Math.max(own.slot, own.readySlot), undone.untilSlot])
  }
  return { counts, retraining: retrainingWithout(problem, use, undone) }
}

function retrainingWithout(
  problem: PlanningProblem,
  { retraining }: TenantUse,
  { givenUp, begun }: Undone,
): RetrainingInPlan | null {
  const stopped = givenUp.find(({ role, slot }) => role === 'retraining' && slot === 0)
  if (stopped !== undefined) return continued(problem, stopped)
  return begun.some(({ span }) => span.tenure.role.kind === 'retraining') ? null : retraining
}

function continued(
  problem: PlanningProblem,
  { tenantIndex, classIndex }: GivenUp,
): RetrainingInPlan | null {
  const tenant = must(problem.tenants[tenantIndex])
  const span = continuedRetrainingSpan(problem, tenant, classIndex)
  if (span === null || tenant.underWay === null) return null
  const { forecast } = tenant.underWay
  return { forecast, doneSlot: span.slots, workFromSlot: span.warmUpSlots }
}
