import { must } from '../../base/assert.ts'
import { profileById } from '../../core/mig/gpu-model.ts'
import type { Block } from '../../core/plan/plan-from-blocks.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import type { Packer } from './packer.ts'
import {
  canServe,
  mayRun,
  type RetrainingBlock,
  type RetrainingChoice,
  withSuccessor,
} from './retraining-choices.ts'
import type { Wanted } from './wanted.ts'

/** An instance for the whole problem: to serve, or (with a choice) to retrain and then to serve. */
export type Piece = Wanted & { readonly choice: RetrainingChoice | null }

export function servingPiece(size: number, tenantIndex: number): Piece {
  return { size, tenantIndex, role: 'inference', choice: null }
}

export function retrainingPiece(
  size: number,
  tenantIndex: number,
  choice: RetrainingChoice,
): Piece {
  return { size, tenantIndex, role: 'retraining', choice }
}

/** What the pieces do from the problem's start, beside retrainings that go on; they must fit. */
export function blocksOfPieces(
  problem: PlanningProblem,
  { place }: Packer,
  given: { readonly continued: readonly RetrainingBlock[]; readonly pieces: readonly Piece[] },
): readonly Block[] {
  const { continued, pieces } = given
  const places = must(place(pieces), 'What fits can be placed')
  const begun = pieces.flatMap((piece, i) => blocksOf(problem, piece, must(places[i])))
  return [...continued.flatMap((block) => withSuccessor(problem, block)), ...begun]
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

/** What these hold, in the unit of sizes. */
export function sizeHeld(problem: PlanningProblem, blocks: readonly RetrainingBlock[]): number {
  return blocks.reduce((sum, { place }) => {
    const { model } = must(problem.gpus[place.gpu])
    return sum + profileById(model, place.profileId).computeSlices
  }, 0)
}
