import { must } from '../base/assert.ts'
import { profileById } from '../core/mig/gpu-model.ts'
import { overlaps } from '../core/mig/placement.ts'
import { checkPlan } from '../core/plan/check.ts'
import type { Plan } from '../core/plan/plan.ts'
import { type Block, planFromBlocks, retrainingSpanOf } from '../core/plan/plan-from-blocks.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { stateHash } from '../core/plan/state-hash.ts'
import { valueOf } from '../core/plan/value.ts'
import { withoutOverhead } from '../core/plan/warm-up.ts'
import type { Policy } from '../core/policy.ts'
import type { RunResult } from '../observe/run-result.ts'

/** Who holds what when, taken out of a recorded plan for the problem it is replayed in. */
export type BlocksOfPlan = (problem: PlanningProblem, plan: Plan) => readonly Block[]

/**
 * The plans of a run once more, carried out in another way. Plans are for the state they were made
 * in, and this run's states differ a little (something is later ready), so they are made anew from
 * who holds what when. A retraining that the other run had under way and this one has not, or the
 * other way round, is adapted; where a plan cannot be kept, the last one goes on.
 */
export function replayPolicy(
  of: { readonly policy: Policy; readonly result: RunResult },
  how: {
    readonly name: string
    readonly blocksOf: BlocksOfPlan
    /** Last, on the plan made of them. */
    readonly change?: (problem: PlanningProblem, plan: Plan) => Plan
  },
): Policy {
  const plans = of.result.plans.flatMap(({ plan }) => plan ?? [])
  return {
    ...of.policy,
    name: how.name,
    describe: `The plans of ${of.policy.name}, carried out in another way.`,
    plan: (problem) => {
      const work = { steps: 0, chargedSeconds: 0 }
      const recorded = plans.find(({ startSeconds }) => startSeconds === problem.startSeconds)
      const plan = recorded === undefined ? null : replayed(problem, recorded, how)
      if (plan === null) return { status: 'infeasible', reason: 'Nothing to replay', work }
      const { objective } = valueOf(problem, plan)
      return { status: 'feasible', plan, objective, bound: null, gap: null, work }
    },
  }
}

function replayed(
  problem: PlanningProblem,
  recorded: Plan,
  { name, blocksOf, change }: Parameters<typeof replayPolicy>[1],
): Plan | null {
  const { overhead } = recorded
  const known = overhead === 'blind' ? withoutOverhead(problem) : problem
  const blocks = blocksOf(problem, recorded).flatMap((block) => adapted(known, block))
  const apart = oneAfterAnother(known, blocks)
  const kept = { ...planFromBlocks(known, name, apart), overhead, stateHash: stateHash(problem) }
  const plan = change === undefined ? kept : change(problem, kept)
  return checkPlan(problem, plan).kind === 'legal' ? plan : null
}

type Held = { readonly block: Block; readonly untilSlot: number }

/** What a longer retraining would run into begins when that is done, or not at all. */
function oneAfterAnother(problem: PlanningProblem, blocks: readonly Block[]): readonly Block[] {
  const held: Held[] = []
  for (const block of [...blocks].sort((a, b) => a.fromSlot - b.fromSlot)) {
    const ends = held.flatMap((own) =>
      isInTheWay(problem, own.block, block) ? [own.untilSlot] : [],
    )
    const moved = { ...block, fromSlot: Math.max(block.fromSlot, ...ends) }
    const untilSlot = untilSlotOf(problem, moved)
    if (untilSlot > moved.fromSlot) held.push({ block: moved, untilSlot })
  }
  return held.map(({ block }) => block)
}

function untilSlotOf(problem: PlanningProblem, block: Block): number {
  if (block.role.kind === 'inference') return 'untilSlot' in block ? block.untilSlot : 0
  const { place, tenantIndex, fromSlot, role } = block
  const span = retrainingSpanOf(problem, { place, tenantIndex, fromSlot, role })
  const begins = span !== null && fromSlot + span.warmUpSlots < problem.slotCount
  return begins ? fromSlot + span.slots : fromSlot
}

function isInTheWay({ gpus }: PlanningProblem, a: Block, b: Block): boolean {
  if (a.place.gpu !== b.place.gpu) return false
  const { model } = must(gpus[a.place.gpu])
  const placedAt = ({ place: { profileId, start } }: Block) => {
    return { profile: profileById(model, profileId), start }
  }
  return overlaps(placedAt(a), placedAt(b))
}

/** A retraining as it can be here and now, or nothing. */
function adapted(problem: PlanningProblem, block: Block): readonly Block[] {
  if (block.role.kind === 'inference') return [block]
  const { underWay } = must(problem.tenants[block.tenantIndex])
  const configurationId = underWay?.forecast.configurationId ?? block.role.configurationId
  const role = { kind: 'retraining', configurationId, resumes: underWay !== null } as const
  const own = { place: block.place, tenantIndex: block.tenantIndex, fromSlot: block.fromSlot, role }
  return untilSlotOf(problem, own) > own.fromSlot ? [own] : []
}
