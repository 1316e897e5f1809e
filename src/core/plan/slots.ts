import { assert } from '../../base/assert.ts'
import {
  expectedEndSeconds,
  type Plan,
  type PlannedInstance,
  placeOfShare,
  type Tenure,
} from './plan.ts'
import type { PlanningProblem } from './problem.ts'

/** A tenure on the problem's slot grid. Slots may lie past the end: N is the first of those. */
export type TenureSpan = {
  readonly instance: PlannedInstance
  readonly tenure: Tenure
  readonly tenantIndex: number
  readonly classIndex: number
  readonly fromSlot: number
  /** As planned; an overhead-blind plan serves later in truth. */
  readonly serveFromSlot: number
  readonly untilSlot: number
}

/** The start of a slot, absolute. */
export function slotStartSeconds(problem: PlanningProblem, slot: number): number {
  return problem.startSeconds + slot * problem.slotSeconds
}

/** The slot that starts at that time; times of plans lie on the grid. */
export function slotAt(problem: PlanningProblem, seconds: number): number {
  return Math.round((seconds - problem.startSeconds) / problem.slotSeconds)
}

export function classIndexOf(problem: PlanningProblem, gpu: number, profileId: number): number {
  const modelId = problem.gpus[gpu]?.model.id
  return problem.classes.findIndex(
    (own) => own.gpuModelId === modelId && own.profileId === profileId,
  )
}

/** All tenures of a plan, instance by instance. The plan's names must be the problem's. */
export function tenureSpans(problem: PlanningProblem, plan: Plan): readonly TenureSpan[] {
  return plan.instances.flatMap((instance) => {
    const { share, gpu } = instance
    const classIndex = classIndexOf(problem, gpu, placeOfShare(share).profileId)
    assert(classIndex >= 0, `Instance ${instance.id} is of no class of the problem`)
    return instance.tenures.map((tenure) => {
      const tenantIndex = problem.tenants.findIndex(({ id }) => id === tenure.tenant)
      assert(tenantIndex >= 0, `Instance ${instance.id} is held by unknown ${tenure.tenant}`)
      return {
        instance,
        tenure,
        tenantIndex,
        classIndex,
        fromSlot: slotAt(problem, tenure.initialiseFromSeconds),
        serveFromSlot: slotAt(problem, tenure.serveFromSeconds),
        untilSlot: slotAt(problem, expectedEndSeconds(tenure)),
      }
    })
  })
}
