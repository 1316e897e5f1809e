import { must } from '../../base/assert.ts'
import { profileById } from '../../core/mig/gpu-model.ts'
import type { PlanOutcome } from '../../core/plan/outcome.ts'
import type { Block } from '../../core/plan/plan-from-blocks.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import { type Packer, packer } from '../placing/packer.ts'
import { infeasible, outcomeOf } from '../placing/plan-outcome.ts'
import {
  canServe,
  continuedBlocks,
  mayRun,
  type RetrainingBlock,
  type RetrainingChoice,
  withSuccessor,
} from '../placing/retraining-choices.ts'
import { type SizeFigures, sizeFigures, splitIntoSizes } from '../placing/size-figures.ts'
import type { Wanted } from '../placing/wanted.ts'
import { type EkyaSettings, type EkyaShare, ekyaShares } from './ekya-shares.ts'

/** The plan that gives everybody, for the whole problem, what the thief scheduler found. */
export function ekyaOutcome(
  problem: PlanningProblem,
  policy: string,
  settings: EkyaSettings,
): PlanOutcome {
  const figures = sizeFigures(problem)
  const continued = continuedBlocks(problem)
  const staying = packer(
    problem,
    continued.map(({ place }) => place),
  )
  const held = continued.reduce((sum, { place }) => {
    const { model } = must(problem.gpus[place.gpu])
    return sum + profileById(model, place.profileId).computeSlices
  }, 0)
  const context = { figures, packer: staying, continued, held, settings }
  const decision = ekyaShares(problem, context)
  if (decision === null) return infeasible('No shares of the GPUs can be given to these jobs')
  const begun = placed(problem, figures, staying, decision.shares)
  const running = continued.flatMap((block) => withSuccessor(problem, block))
  return outcomeOf(problem, policy, {
    blocks: [...running, ...begun],
    steps: decision.evaluations,
  })
}

type Piece = Wanted & { readonly choice: RetrainingChoice | null }

/**
 * Instances for the shares. A tenant serves with what it would have retrained with and does not: in
 * one instance with the rest where that fits, else beside it.
 */
function placed(
  problem: PlanningProblem,
  { sizes }: SizeFigures,
  { place, fits }: Packer,
  shares: readonly EkyaShare[],
): readonly Block[] {
  let amounts = shares.map(({ inference, retraining }) => [inference, retraining])
  for (const [i, { inference, retraining, choice }] of shares.entries()) {
    if (choice !== null) continue
    const merged = amounts.with(i, [inference + retraining])
    if (fits(piecesOf(shares, merged, sizes).map(({ size }) => size))) amounts = merged
  }
  const pieces = piecesOf(shares, amounts, sizes)
  const places = place(pieces)
  if (places === null) return []
  return pieces.flatMap((piece, i) => blocksOf(problem, piece, must(places[i])))
}

/** `amounts`: of each tenant what it serves with, and beside it what it retrains or serves with. */
function piecesOf(
  shares: readonly EkyaShare[],
  amounts: readonly (readonly number[])[],
  sizes: readonly number[],
): readonly Piece[] {
  return shares.flatMap(({ tenantIndex, choice }, i): readonly Piece[] => {
    const [inference = 0, beside = 0] = must(amounts[i])
    const serves = { tenantIndex, role: 'inference', choice: null } as const
    const serving = splitIntoSizes(inference, sizes).map((size): Piece => ({ size, ...serves }))
    const [size] = splitIntoSizes(beside, sizes)
    if (size === undefined) return serving
    const second: Piece =
      choice === null ? { size, ...serves } : retrains(size, tenantIndex, choice)
    return [...serving, second]
  })
}

function retrains(size: number, tenantIndex: number, choice: RetrainingChoice): Piece {
  return { size, tenantIndex, role: 'retraining', choice }
}

function blocksOf(
  problem: PlanningProblem,
  { tenantIndex, choice }: Piece,
  place: Block['place'],
): readonly Block[] {
  if (choice === null) {
    const role = { kind: 'inference' } as const
    const block = { place, tenantIndex, fromSlot: 0, untilSlot: problem.slotCount, role }
    return canServe(problem, block) ? [block] : []
  }
  const { configurationId } = choice.forecast
  const role = { kind: 'retraining', configurationId, resumes: choice.resumes } as const
  const block: RetrainingBlock = { place, tenantIndex, fromSlot: 0, role }
  return mayRun(problem, block) ? withSuccessor(problem, block) : []
}
