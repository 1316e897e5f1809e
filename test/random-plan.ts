import { must } from '../src/base/assert.ts'
import type { Rng } from '../src/base/rng.ts'
import { allPlacements } from '../src/core/mig/placement.ts'
import { checkPlan } from '../src/core/plan/check.ts'
import type { Plan } from '../src/core/plan/plan.ts'
import { type Block, planFromBlocks, retrainingSpanOf } from '../src/core/plan/plan-from-blocks.ts'
import type { PlanningProblem } from '../src/core/plan/problem.ts'

/**
 * A legal plan by chance: blocks are thrown at the problem and kept as long as the plan stays legal.
 * A floor may still be missed. Where workers may start beside others, many blocks do.
 */
export function randomPlan(rng: Rng, problem: PlanningProblem, attempts = 30): Plan {
  let blocks: readonly Block[] = []
  let plan = planFromBlocks(problem, 'random', blocks)
  for (let i = 0; i < attempts; i += 1) {
    const block = randomBlock(rng, problem, problem.takeovers === undefined ? [] : blocks)
    if (block === null) continue
    const next = planFromBlocks(problem, 'random', [...blocks, block])
    if (!isLegalButForFloors(problem, next)) continue
    blocks = [...blocks, block]
    plan = next
  }
  return plan
}

function startAnywhere(rng: Rng, { slotCount }: PlanningProblem): number {
  return rng.uniform() < 0.5 ? 0 : rng.integer(slotCount)
}

/** Some slots before the other one ends, or just then. */
function startBeside(rng: Rng, problem: PlanningProblem, other: Block): number {
  const { fromSlot } = other
  const retrained = () => must(retrainingSpanOf(problem, other as TrainingBlock)).slots
  const untilSlot = 'untilSlot' in other ? other.untilSlot : fromSlot + retrained()
  const start = Math.max(fromSlot, untilSlot - rng.integer(10))
  return Math.min(problem.slotCount - 1, start)
}

type TrainingBlock = Parameters<typeof retrainingSpanOf>[1]

function isLegalButForFloors(problem: PlanningProblem, plan: Plan): boolean {
  const check = checkPlan(problem, plan)
  return check.kind === 'legal' || check.breaches.every(({ code }) => code === 'below-floor')
}

function randomBlock(rng: Rng, problem: PlanningProblem, others: readonly Block[]): Block | null {
  const beside =
    others.length > 0 && rng.uniform() < 0.6 ? others[rng.integer(others.length)] : null
  const gpu = rng.integer(problem.gpus.length)
  const { model, profileIds } = must(problem.gpus[gpu])
  const placements = allPlacements(model, profileIds)
  const { profile, start } = must(placements[rng.integer(placements.length)])
  const anywhere = { gpu, profileId: profile.profileId, start }
  const fromSlot = beside ? startBeside(rng, problem, beside) : startAnywhere(rng, problem)
  const tenantIndex = rng.integer(problem.tenants.length)
  const tenant = must(problem.tenants[tenantIndex])
  const where = { place: beside?.place ?? anywhere, tenantIndex, fromSlot }
  if (rng.uniform() < 0.65) {
    const slots = problem.slotCount - fromSlot
    const untilSlot = rng.uniform() < 0.5 ? problem.slotCount : fromSlot + 1 + rng.integer(slots)
    return { ...where, untilSlot, role: { kind: 'inference' } }
  }
  const { underWay, retraining } = tenant
  const offered = underWay === null ? retraining : [underWay.forecast]
  if (offered.length === 0) return null
  const { configurationId } = must(offered[rng.integer(offered.length)])
  const role = { kind: 'retraining', configurationId, resumes: underWay !== null } as const
  const block = { ...where, role }
  return retrainingSpanOf(problem, block) === null ? null : block
}
