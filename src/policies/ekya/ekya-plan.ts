import { must } from '../../base/assert.ts'
import type { PlanOutcome } from '../../core/plan/outcome.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import type { MemoryNeed } from '../../core/workload/memory-need.ts'
import { type Packer, packer } from '../placing/packer.ts'
import {
  blocksOfPieces,
  type Piece,
  retrainingPiece,
  servingPiece,
  sizeHeld,
} from '../placing/pieces.ts'
import { infeasible, outcomeOf } from '../placing/plan-outcome.ts'
import { continuedBlocks } from '../placing/retraining-choices.ts'
import { type SizeFigures, sizeFigures, splitIntoSizes } from '../placing/size-figures.ts'
import { type EkyaSettings, type EkyaShare, ekyaShares } from './ekya-shares.ts'

/**
 * Estimates that count as one second of planning: what this scheduler does on one core, placing
 * included, once it is warm (0.4 to 1.6 times that). By it 10 streams with 18 configurations on 8
 * GPUs take 2 to 3 s in repeated passes; Ekya's own scheduler takes 9.4 s for those (NSDI 2022).
 */
export const estimatesPerSecond = 1e5

/** The plan that gives everybody, for the whole problem, what the thief scheduler found. */
export function ekyaOutcome(
  problem: PlanningProblem,
  policy: string,
  {
    settings,
    memory,
  }: {
    readonly settings: EkyaSettings
    readonly memory: readonly MemoryNeed[]
  },
): PlanOutcome {
  const figures = sizeFigures(problem)
  const continued = continuedBlocks(problem)
  const staying = packer(problem, continued, memory)
  const held = sizeHeld(problem, continued)
  const context = { figures, packer: staying, continued, held, settings }
  const decision = ekyaShares(problem, context)
  if (decision === null) return infeasible('No shares of the GPUs can be given to these jobs')
  const pieces = mergedPieces(figures, staying, decision.shares)
  const blocks = blocksOfPieces(problem, staying, { continued, pieces })
  const steps = decision.estimates
  return outcomeOf(problem, policy, { blocks, steps, stepsPerSecond: estimatesPerSecond })
}

/**
 * Instances for the shares. A tenant serves with what it would have retrained with and does not: in
 * one instance with the rest where that fits, else beside it if that does.
 */
function mergedPieces(
  { sizes }: SizeFigures,
  { fits }: Packer,
  shares: readonly EkyaShare[],
): readonly Piece[] {
  let amounts: readonly Amounts[] = shares.map(({ inference, retraining, choice }) =>
    choice === null ? [inference] : [inference, retraining],
  )
  for (const [i, { inference, retraining, choice }] of shares.entries()) {
    if (choice !== null) continue
    const wishes: readonly Amounts[] = [[inference + retraining], [inference, retraining]]
    const granted = wishes.find((own) => fits(piecesOf(shares, amounts.with(i, own), sizes)))
    if (granted !== undefined) amounts = amounts.with(i, granted)
  }
  return piecesOf(shares, amounts, sizes)
}

/** What a tenant serves with, and beside it what it retrains (or serves) with. */
type Amounts = readonly [number] | readonly [number, number]

function piecesOf(
  shares: readonly EkyaShare[],
  amounts: readonly Amounts[],
  sizes: readonly number[],
): readonly Piece[] {
  return shares.flatMap(({ tenantIndex, choice }, i): readonly Piece[] => {
    const [inference, beside = 0] = must(amounts[i])
    const serving = splitIntoSizes(inference, sizes).map((size) => servingPiece(size, tenantIndex))
    const [size] = splitIntoSizes(beside, sizes)
    if (size === undefined) return serving
    const isRetraining = choice !== null
    const second = isRetraining
      ? retrainingPiece(size, tenantIndex, choice)
      : servingPiece(size, tenantIndex)
    return [...serving, second]
  })
}
