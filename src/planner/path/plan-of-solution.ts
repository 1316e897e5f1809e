import { must } from '../../base/assert.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { type Block, planFromBlocks } from '../../core/plan/plan-from-blocks.ts'
import { lendWhereItFits } from '../../core/plan/takeover.ts'
import type { OwnedHold, Solution } from './solution.ts'
import type { WindowModel } from './window-model.ts'

/**
 * A solution as the Plan that everybody understands: whoever can goes on until who comes after is
 * ready.
 */
export function planOfSolution(model: WindowModel, policy: string, solution: Solution): Plan {
  const blocks = solution.holds.flatMap((holds, gpu) =>
    holds.map((hold) => blockOf(model, solution, gpu, hold)),
  )
  return lendWhereItFits(model.problem, planFromBlocks(model.problem, policy, blocks))
}

function blockOf(model: WindowModel, solution: Solution, gpu: number, hold: OwnedHold): Block {
  const { space } = must(model.gpus[gpu])
  const { kind, start } = must(space.places[hold.place])
  const { profileId } = must(model.problem.classes[must(space.classes[kind])])
  const place = { gpu, profileId, start }
  const { tenant: tenantIndex, from: fromSlot, until: untilSlot } = hold
  if (hold.role === 'inference') {
    return { place, tenantIndex, fromSlot, untilSlot, role: { kind: 'inference' } }
  }
  const { configurationId, kind: how } = must(solution.choices[tenantIndex]).option
  const role = { kind: 'retraining', configurationId, resumes: how !== 'start' } as const
  return { place, tenantIndex, fromSlot, role }
}
