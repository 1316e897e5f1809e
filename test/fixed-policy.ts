import { must } from '../src/base/assert.ts'
import type { PlanOutcome } from '../src/core/plan/outcome.ts'
import { type Block, planFromBlocks, retrainingSpanOf } from '../src/core/plan/plan-from-blocks.ts'
import type { PlanningProblem } from '../src/core/plan/problem.ts'
import { valueOf } from '../src/core/plan/value.ts'
import type { Policy } from '../src/core/policy.ts'
import type { StaticInstance } from '../src/core/site.ts'

/**
 * The simplest policy there is, for tests of what carries plans out: the same layout always; a
 * retraining instance starts its tenant's first configuration at every window's start. `layoutOf`
 * may give each window a layout of its own. Of shares the profile is the percentage, the start a seat.
 */
export function fixedPolicy(
  layoutOf: (problem: PlanningProblem) => readonly StaticInstance[],
  options: Partial<Policy> = {},
): Policy {
  return {
    name: 'fixed',
    describe: 'The same layout always',
    mechanism: 'mig',
    epochs: ['window-start', 'failure'],
    information: { arrivals: 'forecast', retraining: 'forecast', probes: true },
    planningSecondsMax: 2,
    plan: (problem) => planOf(problem, layoutOf(problem)),
    ...options,
  }
}

function planOf(problem: PlanningProblem, layout: readonly StaticInstance[]): PlanOutcome {
  const blocks = layout.flatMap((own) => blockOf(problem, own) ?? [])
  const plan = planFromBlocks(problem, 'fixed', blocks)
  const { objective } = valueOf(problem, plan)
  const work = { steps: 1, chargedSeconds: 0 }
  return { status: 'feasible', plan, objective, bound: null, gap: null, work }
}

function blockOf(problem: PlanningProblem, own: StaticInstance): Block | null {
  const { gpu, profileId, start } = own
  const place = { gpu, profileId, start }
  const tenantIndex = problem.tenants.findIndex(({ id }) => id === own.tenant)
  const tenant = must(problem.tenants[tenantIndex])
  if (isBlocked(problem, own)) return null
  if (own.role === 'inference') {
    const role = { kind: 'inference' } as const
    return { place, tenantIndex, fromSlot: 0, untilSlot: problem.slotCount, role }
  }
  const resumes = tenant.underWay !== null
  const forecast = tenant.underWay?.forecast ?? tenant.retraining[0]
  if (forecast === undefined) return null
  const { configurationId } = forecast
  const role = { kind: 'retraining', configurationId, resumes } as const
  const block = { place, tenantIndex, fromSlot: 0, role }
  const span = retrainingSpanOf(problem, block)
  return span === null || span.warmUpSlots >= problem.slotCount ? null : block
}

function isBlocked(problem: PlanningProblem, { gpu, profileId, start }: StaticInstance): boolean {
  const { model, blocked } = must(problem.gpus[gpu])
  const { size } = must(model.profiles.find((profile) => profile.profileId === profileId))
  return blocked.some((other) => start < other.start + other.size && other.start < start + size)
}
