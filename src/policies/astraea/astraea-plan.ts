import { must } from '../../base/assert.ts'
import type { PlanOutcome } from '../../core/plan/outcome.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import type { MemoryNeed } from '../../core/workload/memory-need.ts'
import { bestChoice, gainingTenants } from '../placing/gaining-choices.ts'
import { type Packer, packer } from '../placing/packer.ts'
import {
  blocksOfPieces,
  type Piece,
  retrainingPiece,
  servingPiece,
  sizeHeld,
} from '../placing/pieces.ts'
import { outcomeOf } from '../placing/plan-outcome.ts'
import { continuedBlocks } from '../placing/retraining-choices.ts'
import { capacityRps, type SizeFigures, sizeFigures } from '../placing/size-figures.ts'
import type { Wanted } from '../placing/wanted.ts'
import { astraeaShares } from './astraea-shares.ts'
import type { Deployment } from './deployment.ts'

/** The plan that deploys, for the whole problem, what Astraea's policies chose. */
export function astraeaOutcome(
  problem: PlanningProblem,
  policy: string,
  memory: readonly MemoryNeed[],
): PlanOutcome {
  const figures = sizeFigures(problem)
  const continued = continuedBlocks(problem)
  const room = packer(problem, continued, memory)
  const wanting = gainingTenants(problem)
  const [first] = wanting
  const size = must(figures.sizes.at(-1))
  const floor: Wanted | null =
    first === undefined ? null : { size, tenantIndex: first, role: 'retraining' }
  const held = sizeHeld(problem, continued)
  const shares = astraeaShares(problem, { figures, packer: room, held, floor, memory })
  const serving = servingPieces(problem, figures, room, shares.deployment)
  const { isLowLoad } = shares
  const retraining = retrainingPieces(problem, figures, room, { serving, wanting, isLowLoad })
  const pieces = [...serving, ...retraining]
  const blocks = blocksOfPieces(problem, room, { continued, pieces })
  return outcomeOf(problem, policy, { blocks, steps: shares.moves })
}

/** What of the deployment serves, and fits: all of it unless no deployment keeps every limit. */
function servingPieces(
  problem: PlanningProblem,
  figures: SizeFigures,
  { fits }: Packer,
  deployment: Deployment,
): readonly Piece[] {
  const pieces: Piece[] = []
  for (const [tenantIndex, [stage]] of deployment.entries()) {
    const { instances, size } = must(stage)
    const tenant = must(problem.tenants[tenantIndex])
    if (capacityRps(tenant, figures.classOf(size)) === 0) continue
    for (let i = 0; i < instances; i += 1) {
      const piece = servingPiece(size, tenantIndex)
      if (!fits([...pieces, piece])) break
      pieces.push(piece)
    }
  }
  return pieces
}

/**
 * Who retrains, on what: at low load all that can, alike, on what serving leaves; else one, on the
 * smallest size there is.
 */
function retrainingPieces(
  problem: PlanningProblem,
  { sizes, classOf }: SizeFigures,
  { fits }: Packer,
  given: {
    readonly serving: readonly Piece[]
    readonly wanting: readonly number[]
    readonly isLowLoad: boolean
  },
): readonly Piece[] {
  const { serving, wanting, isLowLoad } = given
  const most = isLowLoad ? wanting.length : Math.min(1, wanting.length)
  const offered = isLowLoad ? sizes : sizes.slice(-1)
  for (let count = most; count > 0; count -= 1) {
    const chosen = wanting.slice(0, count)
    const wantedOf = (own: number) =>
      chosen.map((tenantIndex): Wanted => ({ size: own, tenantIndex, role: 'retraining' }))
    const size = offered.find((own) => fits([...serving, ...wantedOf(own)]))
    if (size === undefined) continue
    return chosen.flatMap((tenant) => {
      const choice = bestChoice(problem, tenant, classOf(size))
      return choice === null ? [] : [retrainingPiece(size, tenant, choice)]
    })
  }
  return []
}
